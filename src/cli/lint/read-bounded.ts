import { closeSync, openSync, readSync } from 'node:fs';
import { errnoCode } from '../../core/index.ts';

const mebibyte = 1024 * 1024;

/**
 * The text of a file, or of a descriptor, read to its end. What is no regular file may have none, so
 * it is read no further than it may be long. Throws what reading does, and on more than that.
 */
export function readBounded(path: string | number, largestMiB: number): string {
  if (typeof path === 'number') return readAll(path, largestMiB);
  const file = openSync(path, 'r');
  try {
    return readAll(file, largestMiB);
  } finally {
    closeSync(file);
  }
}

function readAll(file: number, largestMiB: number): string {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(mebibyte);
    const read = readSome(file, chunk);
    if (read === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, read));
    sizeBytes += read;
    if (sizeBytes > largestMiB * mebibyte) throw new Error(`larger than ${largestMiB} MiB`);
  }
}

const idle = new Int32Array(new SharedArrayBuffer(4));

/** A pipe that others set not to block says that there is nothing yet: that is waited for. */
function readSome(file: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(file, chunk);
    } catch (error) {
      if (errnoCode(error) === 'EOF') return 0;
      if (errnoCode(error) !== 'EAGAIN') throw error;
      Atomics.wait(idle, 0, 0, 10);
    }
  }
}
