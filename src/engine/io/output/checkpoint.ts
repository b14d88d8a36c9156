import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

/** How far the log has got: what of the journals it holds, and how long it was then. */
export interface Progress {
  readonly logInode: number;
  readonly logSizeBytes: number;
  readonly stdout: number;
  readonly stderr: number;
}

const fields = ['logInode', 'logSizeBytes', 'stdout', 'stderr'] as const;
const recordBytes = fields.length * 8;

/**
 * The progress of a log in a small file, overwritten by one write after each batch of entries: a
 * killed daemon leaves either the progress before the batch or after it.
 */
export class Checkpoint implements Disposable {
  readonly #fd: number;
  readonly #record = Buffer.alloc(recordBytes);

  constructor(path: string, { resume }: { resume: boolean }) {
    const keep = constants.O_RDWR | constants.O_CREAT;
    this.#fd = openSync(path, resume ? keep : keep | constants.O_TRUNC, 0o600);
  }

  /** Undefined before the first `write`. */
  read(): Progress | undefined {
    const size = readSync(this.#fd, this.#record, 0, recordBytes, 0);
    if (size < recordBytes) return undefined;
    const value = (index: number) => Number(this.#record.readBigUInt64LE(index * 8));
    return {
      logInode: value(0),
      logSizeBytes: value(1),
      stdout: value(2),
      stderr: value(3),
    };
  }

  write(progress: Progress): void {
    fields.forEach((name, index) => {
      this.#record.writeBigUInt64LE(BigInt(progress[name]), index * 8);
    });
    writeSync(this.#fd, this.#record, 0, recordBytes, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
