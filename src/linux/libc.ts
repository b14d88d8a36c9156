import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

/**
 * The C library of this process. Calls follow the kernel's own convention here: a result, or minus
 * the errno, so that an expected failure (EEXIST) costs no exception; `check` turns one into a throw.
 */
const library = koffi.load(null);

export type NativeCall = ReturnType<typeof library.func>;

/** Declares a C function, such as `int mkdirat(int fd, const char *path, unsigned mode)`. */
export function declare(prototype: string): NativeCall {
  return library.func(prototype);
}

/** Runs a declared function on this thread: its result, or minus the errno. */
export function call(native: NativeCall, ...args: unknown[]): number {
  const result = Number(native(...args));
  return result === -1 ? -koffi.errno() : result;
}

/** Threads of koffi that wait in the kernel at once; more calls stand in line here. */
const mostWaiting = 64;
let waiting = 0;
const line: (() => void)[] = [];

/**
 * Runs a declared function on another thread, for calls that may wait on a disk: its result, or
 * minus the errno. Buffers among the arguments must stay untouched until then.
 */
export async function callElsewhere(native: NativeCall, ...args: unknown[]): Promise<number> {
  if (waiting >= mostWaiting) await new Promise<void>((resolve) => line.push(resolve));
  else waiting++;
  try {
    return await new Promise<number>((resolve, reject) => {
      native.async(...args, (error: unknown, result: unknown) => {
        if (error) reject(error);
        else resolve(Number(result) === -1 ? -koffi.errno() : Number(result));
      });
    });
  } finally {
    const next = line.shift();
    if (next) next();
    else waiting--;
  }
}

/** The result itself; a negative one becomes an error shaped as Node's own (`code`, `syscall`, `path`). */
export function check(result: number, syscall: string, path?: string): number {
  if (result < 0) throw systemError(result, syscall, path);
  return result;
}

export function systemError(negativeErrno: number, syscall: string, path?: string): Error {
  const code = getSystemErrorName(negativeErrno);
  const where = path === undefined ? '' : ` '${path}'`;
  const error = new Error(`${code}: ${syscall}${where}`);
  return Object.assign(error, { code, errno: negativeErrno, syscall, ...(path && { path }) });
}
