import { closeSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode } from '../../../core/index.ts';
import { growPipe, openFifoReader, openWrittenFifoReader } from '../../../linux/index.ts';
import type { StreamName } from '../json-log/json-line.ts';
import { Journal } from './journal.ts';
import { LogSink } from './log-sink.ts';
import type { OpenOptions, Report, SubscribeOptions } from './messages.ts';

/** Room in the kernel for output while no daemon is there to take it. */
const pipeBytes = 1 << 20;
const chunkBytes = 64 * 1024;
/** What a subscriber may have been sent and not yet passed on. */
const windowBytes = 512 * 1024;
/** Bytes a slow subscriber may fall behind, kept on disk. */
const longestLagBytes = 256 << 20;
/** A journal all delivered is begun anew once it is this long. */
const resetBytes = 256 * 1024;

interface StreamState {
  readonly name: StreamName;
  readonly fifo: number;
  readonly journal: Journal;
  ended: boolean;
}

interface Subscriber {
  readonly number: number;
  readonly mayHoldBack: boolean;
  readonly at: Record<StreamName, number>;
  unpassedBytes: number;
}

/** The output of one container, on the worker's side: fifos in; journal, log and subscribers out. */
export class ContainerOutput {
  readonly #options: OpenOptions;
  readonly #report: (report: Report) => void;
  readonly #streams: StreamState[];
  readonly #sink: LogSink | undefined;
  readonly #subscribers = new Map<number, Subscriber>();
  readonly #buffer = Buffer.allocUnsafeSlow(chunkBytes);
  #logWatched = false;
  #isEnding = false;
  #finished = false;

  constructor(options: OpenOptions, report: (report: Report) => void) {
    this.#options = options;
    this.#report = report;
    const { journalPath, log, resume } = options;
    mkdirSync(journalPath, { recursive: true, mode: 0o700 });
    this.#streams = Object.entries(options.fifos).map(([name, path]) => {
      const fifo = resume ? openWrittenFifoReader(path) : openFifoReader(path);
      growPipe(fifo, pipeBytes);
      const journal = new Journal(join(journalPath, name), { resume });
      return { name: name as StreamName, fifo, journal, ended: false };
    });
    if (log) {
      this.#sink = new LogSink(log, {
        checkpointPath: join(journalPath, 'checkpoint'),
        resume,
        onRotated: (path) => report({ kind: 'rotated', path }),
      });
    }
  }

  /** Descriptors to wait on: of streams that go on and are not held back by anyone. */
  get wanted(): number[] {
    return this.#streams
      .filter((stream) => !stream.ended && !this.#isHeldBack(stream))
      .map(({ fifo }) => fifo);
  }

  get ended(): boolean {
    return this.#streams.every(({ ended }) => ended);
  }

  /** Logs what a daemon before had taken and not yet logged, and finds streams that ended meanwhile. */
  catchUp(): void {
    for (const stream of this.#streams) {
      let at = this.#sink?.logged(stream.name) ?? 0;
      if (at > stream.journal.tail) {
        this.#sink?.restart(stream.name);
        at = 0;
      }
      while (this.#sink && at < stream.journal.tail) {
        const size = stream.journal.read(at, this.#buffer);
        this.#sink.write(stream.name, this.#buffer.subarray(0, size));
        at += size;
      }
      this.#takeChunk(stream);
    }
    this.#tidy();
    if (this.ended) this.#report({ kind: 'ended', id: this.#options.id });
  }

  /**
   * Takes what one fifo holds, a chunk at most. Throws ENOSPC when the disk is full: nothing is
   * lost, the container waits at its pipe until a later call finds room.
   */
  pump(fifo: number): void {
    const stream = this.#streams.find((each) => each.fifo === fifo);
    if (!stream || stream.ended) return;
    this.#takeChunk(stream);
    this.#tidy();
    if (this.ended) this.#report({ kind: 'ended', id: this.#options.id });
  }

  subscribe({ subscriber: number, mayHoldBack, afterLog }: SubscribeOptions): void {
    const at = { stdout: 0, stderr: 0 };
    for (const { name, journal } of this.#streams) {
      at[name] = afterLog && this.#sink ? this.#sink.logged(name) : journal.tail;
    }
    const subscriber = { number, mayHoldBack, at, unpassedBytes: 0 };
    this.#subscribers.set(number, subscriber);
    this.#deliver(subscriber);
  }

  unsubscribe(number: number): void {
    if (this.#subscribers.delete(number) && this.#finished) this.#removeIfDelivered();
  }

  passedOn(number: number, sizeBytes: number): void {
    const subscriber = this.#subscribers.get(number);
    if (!subscriber) return;
    subscriber.unpassedBytes -= sizeBytes;
    this.#deliver(subscriber);
    if (!this.#finished) this.#tidy();
  }

  /** Nothing is held back from here on: the runtime throws away what waits in its pipes. */
  takeRest(): void {
    this.#isEnding = true;
  }

  watchLog(on: boolean): void {
    this.#logWatched = on;
  }

  /** Takes all that is left and ends the log. The journals go once every subscriber has had them. */
  finish(): void {
    for (const stream of this.#streams) {
      this.#takeAll(stream);
      if (!stream.ended) this.#end(stream);
    }
    this.#sink?.[Symbol.dispose]();
    for (const { fifo } of this.#streams) closeSync(fifo);
    this.#finished = true;
    this.#removeIfDelivered();
  }

  /** Closes everything and leaves the files for a daemon to come. */
  leave(): void {
    if (this.#finished) return;
    this.#sink?.[Symbol.dispose]();
    for (const { fifo, journal } of this.#streams) {
      closeSync(fifo);
      journal[Symbol.dispose]();
    }
  }

  #takeAll(stream: StreamState): void {
    while (!stream.ended && this.#takeChunk(stream) > 0) {
      // Until the pipe is empty.
    }
  }

  /** A chunk at most, so that others get their turn; gives its size. */
  #takeChunk(stream: StreamState): number {
    this.#sink?.flush();
    const start = stream.journal.tail;
    const moved = stream.journal.take(stream.fifo, chunkBytes);
    if (moved === 'empty') return 0;
    if (moved === 0) {
      this.#end(stream);
      return 0;
    }
    stream.journal.read(start, this.#buffer);
    if (this.#sink) {
      this.#sink.write(stream.name, this.#buffer.subarray(0, moved));
      if (this.#logWatched) this.#report({ kind: 'log-grew', id: this.#options.id });
    }
    for (const subscriber of this.#subscribers.values()) this.#deliver(subscriber);
    return moved;
  }

  #end(stream: StreamState): void {
    stream.ended = true;
    this.#sink?.end(stream.name);
    if (this.#logWatched) this.#report({ kind: 'log-grew', id: this.#options.id });
    for (const subscriber of this.#subscribers.values()) this.#deliver(subscriber);
  }

  /** Sends a subscriber what it lacks, as far as its window reaches. */
  #deliver(subscriber: Subscriber): void {
    for (const { name, journal } of this.#streams) {
      while (subscriber.at[name] < journal.tail) {
        if (subscriber.unpassedBytes >= windowBytes) {
          this.#judgeLag(subscriber);
          return;
        }
        const size = journal.read(subscriber.at[name], this.#buffer);
        subscriber.at[name] += size;
        subscriber.unpassedBytes += size;
        const bytes = Uint8Array.from(this.#buffer.subarray(0, size));
        this.#report({ kind: 'output', subscriber: subscriber.number, stream: name, bytes });
      }
    }
    if (!this.ended) return;
    this.#report({ kind: 'subscriber-done', subscriber: subscriber.number });
    this.unsubscribe(subscriber.number);
  }

  #judgeLag(subscriber: Subscriber): void {
    if (subscriber.mayHoldBack) return;
    const lagging = this.#streams.some(
      ({ name, journal }) => journal.tail - subscriber.at[name] > longestLagBytes,
    );
    if (!lagging) return;
    this.#report({ kind: 'cut-off', subscriber: subscriber.number });
    this.#subscribers.delete(subscriber.number);
  }

  #removeIfDelivered(): void {
    if (this.#subscribers.size > 0) return;
    // The checkpoint goes last, with the folder: a journal without one would be logged again.
    for (const { journal } of this.#streams) journal.remove();
    rmSync(this.#options.journalPath, { recursive: true, force: true });
  }

  #isHeldBack({ name, journal }: StreamState): boolean {
    if (this.#isEnding) return false;
    return [...this.#subscribers.values()].some(
      ({ mayHoldBack, at }) => mayHoldBack && journal.tail - at[name] > longestLagBytes,
    );
  }

  /** Gives back the space of what everyone has had. */
  #tidy(): void {
    for (const { name, journal } of this.#streams) {
      const places = [...this.#subscribers.values()].map(({ at }) => at[name]);
      const done = Math.min(this.#sink?.logged(name) ?? journal.tail, journal.tail, ...places);
      if (done < journal.tail) journal.release(done);
      else if (journal.tail >= resetBytes) {
        journal.reset();
        this.#sink?.restart(name);
        for (const { at } of this.#subscribers.values()) at[name] = 0;
      }
    }
  }
}

/** Whether an error means that the disk has no room now. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errnoCode(error) ?? '');
}
