import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { wallClockNs } from '../../../linux/index.ts';
import { encodeEntry, encodeLines, formatTime, type StreamName } from '../json-log/json-line.ts';
import { LineSplitter, type Piece } from '../json-log/line-splitter.ts';
import { Checkpoint } from './checkpoint.ts';
import type { LogTarget } from './messages.ts';

const newline = 0x0a;
const largestUnitBytes = 4096;

/**
 * Writes the output of a container to its json-file log, exactly once: entries first, then how far
 * they reach into the journals. A daemon that finds a log longer than its checkpoint says cuts it
 * there and writes those entries again.
 */
export class LogSink implements Disposable {
  readonly #target: LogTarget;
  readonly #checkpoint: Checkpoint;
  readonly #onRotated: (path: string) => void;
  readonly #splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() };
  readonly #longLineTimes = { stdout: '', stderr: '' };
  /** Journal offsets up to which the log holds everything. */
  readonly #logged: Record<StreamName, number>;
  /** Entries not yet in the file, and how far they will bring each stream. */
  #text = '';
  readonly #ahead: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  #fd: number;
  #inode = 0;
  #sizeBytes = 0;

  constructor(
    target: LogTarget,
    options: {
      readonly checkpointPath: string;
      readonly resume: boolean;
      readonly onRotated: (path: string) => void;
    },
  ) {
    this.#target = target;
    this.#onRotated = options.onRotated;
    this.#checkpoint = new Checkpoint(options.checkpointPath, options);
    const progress = this.#checkpoint.read();
    this.#logged = { stdout: progress?.stdout ?? 0, stderr: progress?.stderr ?? 0 };
    this.#fd = this.#open();
    if (progress) {
      // A file the checkpoint does not know was begun by a rotation, before its first entry.
      const known = this.#inode === progress.logInode ? progress.logSizeBytes : 0;
      this.#cutTo(Math.min(this.#sizeBytes, known));
    }
    this.#saveProgress();
  }

  /** How far a journal has been logged; past its end when the journal was reset since. */
  logged(stream: StreamName): number {
    return this.#logged[stream];
  }

  /** The journal of a stream, all logged, begins at 0 again. */
  restart(stream: StreamName): void {
    this.#logged[stream] = 0;
    this.#saveProgress();
  }

  /** Takes the next bytes of a stream. When it throws (ENOSPC), `flush` tries the same again. */
  write(stream: StreamName, bytes: Uint8Array): void {
    this.#add(stream, this.#splitters[stream].push(bytes));
  }

  /** A stream has ended: what waits for its newline is logged without. */
  end(stream: StreamName): void {
    this.#add(stream, this.#splitters[stream].end());
  }

  /** Writes what could not be written before. */
  flush(): void {
    if (this.#text === '') return;
    const bytes = Buffer.from(this.#text);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      // Half an entry would spoil the file for its readers.
      this.#cutTo(this.#sizeBytes);
      throw error;
    }
    this.#sizeBytes += bytes.length;
    this.#text = '';
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#logged[stream] += this.#ahead[stream];
      this.#ahead[stream] = 0;
    }
    this.#saveProgress();
  }

  /** The checkpoint stays: it tells a daemon to come that the journals are logged. */
  [Symbol.dispose](): void {
    closeSync(this.#fd);
    this.#checkpoint[Symbol.dispose]();
  }

  #add(stream: StreamName, pieces: readonly Piece[]): void {
    if (pieces.length === 0) return;
    const time = formatTime(wallClockNs());
    for (const piece of pieces) {
      for (const bytes of this.#units(piece)) {
        this.#rotateWhenFull();
        this.#text += this.#encode(stream, { ...piece, bytes }, time);
        this.#ahead[stream] += bytes.length;
      }
    }
    this.flush();
  }

  #encode(stream: StreamName, piece: Piece, time: string): string {
    const mark = { stream, time, attributes: this.#target.attributes };
    if (piece.kind === 'lines') return encodeLines(piece.bytes, mark);
    if (piece.kind === 'part' && piece.isFirst) this.#longLineTimes[stream] = time;
    return encodeEntry(piece.bytes, { ...mark, time: this.#longLineTimes[stream] });
  }

  /** With a size limit lines go in small groups, so that a file ends near its limit. */
  *#units(piece: Piece): Generator<Uint8Array> {
    const { maxSizeBytes } = this.#target;
    if (maxSizeBytes === undefined || piece.kind !== 'lines') {
      yield piece.bytes;
      return;
    }
    const unitBytes = Math.min(largestUnitBytes, Math.floor(maxSizeBytes / 128));
    let rest = piece.bytes;
    while (rest.length > 0) {
      const end = rest.indexOf(newline, unitBytes - 1) + 1 || rest.length;
      yield rest.subarray(0, end);
      rest = rest.subarray(end);
    }
  }

  #rotateWhenFull(): void {
    const { maxSizeBytes, maxFiles, path } = this.#target;
    if (maxSizeBytes === undefined || this.#sizeBytes + this.#text.length < maxSizeBytes) return;
    this.flush();
    if (maxFiles < 2) {
      this.#cutTo(0);
    } else {
      closeSync(this.#fd);
      shiftFiles(path, maxFiles);
      this.#fd = this.#open();
      if (this.#target.compress) this.#onRotated(`${path}.1`);
    }
    this.#saveProgress();
  }

  #open(): number {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
    const fd = openSync(this.#target.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o640);
    const { size, ino } = fstatSync(fd);
    this.#sizeBytes = size;
    this.#inode = ino;
    return fd;
  }

  #cutTo(sizeBytes: number): void {
    ftruncateSync(this.#fd, sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  #saveProgress(): void {
    this.#checkpoint.write({
      logInode: this.#inode,
      logSizeBytes: this.#sizeBytes,
      ...this.#logged,
    });
  }
}

/** `x.1` becomes `x.2` and so on, the oldest goes, and the current file becomes `x.1`. */
function shiftFiles(path: string, maxFiles: number): void {
  for (let index = maxFiles - 1; index > 1; index--) {
    for (const suffix of ['', '.gz']) {
      const older = `${path}.${index - 1}${suffix}`;
      if (existsSync(older)) renameSync(older, `${path}.${index}${suffix}`);
    }
  }
  renameSync(path, `${path}.1`);
}
