import { invalid } from '../core/index.ts';
import type { Resources } from './job.ts';

/** What a user asks for; absent resources take the defaults. */
export interface Submission {
  image: string;
  argument?: string;
  name?: string;
  env?: Record<string, string>;
  cpus?: number;
  memoryBytes?: number;
  timeLimitMs?: number;
}

export interface Capacity {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** Linux gives one argument at most 32 pages (MAX_ARG_STRLEN), the closing NUL included. */
const longestArgumentBytes = 128 * 1024 - 1;
const smallestMemoryBytes = 6 * 2 ** 20;
const defaultMemoryBytes = 512 * 2 ** 20;

/**
 * Settles what a submission may have. Everything that can be known to fail is refused here, with
 * the reason, instead of in the queue. Throws `invalid`.
 */
export function admit(submission: Submission, machine: Capacity): Resources {
  const refuse = (why: string) => invalid(`submit job: ${why}`);
  const { argument, env = {}, cpus = 1, timeLimitMs, name } = submission;
  const memoryBytes = submission.memoryBytes ?? Math.min(defaultMemoryBytes, machine.memoryBytes);
  if (argument?.includes('\0'))
    throw refuse('the argument has a NUL character, which no program can receive');
  if (argument !== undefined && Buffer.byteLength(argument) > longestArgumentBytes) {
    throw refuse(
      `the argument has ${Buffer.byteLength(argument)} bytes; Linux passes at most ${longestArgumentBytes}`,
    );
  }
  if (name !== undefined && !/^[^\0-\x1f\x7f]{1,128}$/.test(name)) {
    throw refuse(
      `the name ${JSON.stringify(name.slice(0, 40))} must have 1 to 128 printable characters`,
    );
  }
  for (const [key, value] of Object.entries(env)) {
    if (key === '' || /[=\0]/.test(key) || value.includes('\0')) {
      throw refuse(`environment variable ${JSON.stringify(key)} has an empty name, a "=" or a NUL`);
    }
  }
  if (!(cpus > 0) || !Number.isFinite(cpus)) throw refuse(`${cpus} CPUs is not a positive number`);
  if (cpus > machine.cpus) throw refuse(`${cpus} CPUs asked, the machine has ${machine.cpus}`);
  if (!Number.isSafeInteger(memoryBytes) || memoryBytes < smallestMemoryBytes) {
    throw refuse(
      `${memoryBytes} bytes of memory asked, the minimum is ${smallestMemoryBytes} (6 MB)`,
    );
  }
  if (memoryBytes > machine.memoryBytes) {
    throw refuse(
      `${memoryBytes} bytes of memory asked, the machine gives jobs ${machine.memoryBytes}`,
    );
  }
  if (timeLimitMs !== undefined && !(Number.isSafeInteger(timeLimitMs) && timeLimitMs > 0)) {
    throw refuse(`a time limit of ${timeLimitMs} ms is not a positive duration`);
  }
  return { cpus, memoryBytes, ...(timeLimitMs !== undefined && { timeLimitMs }) };
}
