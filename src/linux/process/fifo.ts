import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { invalid } from '../../core/index.ts';
import { call, check, declare } from '../libc.ts';

const mkfifo = declare('int mkfifo(const char *path, uint32_t mode)');
const fcntl = declare('int fcntl(int fd, int command, ...)');
const splice = declare(
  'int64_t splice(int from, void *from_offset, int to, _Inout_ int64_t *to_offset, size_t length, uint32_t flags)',
);
const fallocate = declare('int fallocate(int fd, int mode, int64_t offset, int64_t length)');

const setPipeSize = 1031;
const spliceMove = 1;
const spliceNonblock = 2;
const punchHole = 2;
const keepSize = 1;
const eagain = -11;

/** Makes a named pipe; throws (EEXIST) when the path is taken. */
export function makeFifo(path: string, mode = 0o600): void {
  check(call(mkfifo, path, mode), 'mkfifo', path);
}

/**
 * Opens the reading end without waiting for a writer. Throws `invalid` when the path is no fifo, as
 * an open file of another kind would be read for output.
 */
export function openFifoReader(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw invalid(`open ${path}: not a fifo`);
}

/**
 * Opens the reading end of a fifo that has or had a writer: waiting on it reports the end even when
 * the last writer has gone before. Without a writer at its opening the kernel would never report it.
 */
export function openWrittenFifoReader(path: string): number {
  const writer = openFifoBothWays(path);
  try {
    return openFifoReader(path);
  } finally {
    closeSync(writer);
  }
}

/** Opens both ends, so that writing never fails for want of a reader; non-blocking. */
export function openFifoBothWays(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
}

/** Asks for a larger buffer; keeps the old one where the kernel refuses. */
export function growPipe(fd: number, sizeBytes: number): void {
  call(fcntl, fd, setPipeSize, 'int', sizeBytes);
}

/**
 * Moves up to `lengthBytes` from a pipe to `offset` of a file inside the kernel: a byte is either
 * still in the pipe or in the file, whenever the process is killed. Gives the number moved, 0 at
 * the end of the pipe (no writer is left), or 'empty'. Throws ENOSPC with the bytes still in the pipe.
 */
export function spliceToFile(
  pipe: number,
  file: number,
  options: { offset: number; lengthBytes: number },
): number | 'empty' {
  const offset = [BigInt(options.offset)];
  const moved = call(
    splice,
    pipe,
    null,
    file,
    offset,
    options.lengthBytes,
    spliceMove | spliceNonblock,
  );
  return moved === eagain ? 'empty' : check(moved, 'splice');
}

/** Gives the file's blocks in a range back to the disk; offsets of what follows stay. */
export function punchFile(fd: number, offset: number, lengthBytes: number): void {
  check(call(fallocate, fd, punchHole | keepSize, offset, lengthBytes), 'fallocate');
}
