import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
} from 'node:fs';
import { punchFile, spliceToFile } from '../../../linux/index.ts';

const punchStepBytes = 1 << 20;

/**
 * Bytes taken from a fifo and not yet delivered everywhere, in a file: what a pipe holds moves there
 * inside the kernel, so a daemon that is killed loses none and the next one finds where to go on.
 */
export class Journal implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  #tail: number;
  #punched = 0;

  /** Keeps what the file holds when `resume` is set. */
  constructor(path: string, { resume }: { resume: boolean }) {
    this.#path = path;
    const keep = constants.O_RDWR | constants.O_CREAT;
    this.#fd = openSync(path, resume ? keep : keep | constants.O_TRUNC, 0o600);
    this.#tail = fstatSync(this.#fd).size;
  }

  /** Offset past the last byte. */
  get tail(): number {
    return this.#tail;
  }

  /** Takes up to `mostBytes` out of a pipe; as `spliceToFile`. */
  take(pipe: number, mostBytes: number): number | 'empty' {
    const moved = spliceToFile(pipe, this.#fd, { offset: this.#tail, lengthBytes: mostBytes });
    if (moved !== 'empty') this.#tail += moved;
    return moved;
  }

  read(offset: number, into: Uint8Array): number {
    return readSync(this.#fd, into, 0, Math.min(into.length, this.#tail - offset), offset);
  }

  /** Gives the space of everything before `offset` back, in large steps. */
  release(offset: number): void {
    const end = Math.floor(offset / punchStepBytes) * punchStepBytes;
    if (end <= this.#punched) return;
    punchFile(this.#fd, this.#punched, end - this.#punched);
    this.#punched = end;
  }

  /** Starts anew at offset 0; all of it was delivered. */
  reset(): void {
    ftruncateSync(this.#fd, 0);
    this.#tail = 0;
    this.#punched = 0;
  }

  /** Removes the file; the journal is of no use afterwards. */
  remove(): void {
    this[Symbol.dispose]();
    rmSync(this.#path, { force: true });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
