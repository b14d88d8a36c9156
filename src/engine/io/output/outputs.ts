import {
  closeSync,
  createReadStream,
  createWriteStream,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Worker } from 'node:worker_threads';
import { createGzip } from 'node:zlib';
import { internal } from '../../../core/index.ts';
import { openEventFd } from '../../../linux/index.ts';
import type { StreamName } from '../json-log/json-line.ts';
import type {
  Command,
  NumberedCommand,
  OpenOptions,
  Report,
  SubscribeOptions,
} from './messages.ts';

/** Output of all running containers: taken from their fifos, logged, and passed to who listens. */
export interface Outputs extends AsyncDisposable {
  /** Begins with a container whose fifos exist. */
  open(options: OpenOptions): Promise<void>;
  /** Resolves when every stream of an open container has ended; at once when it is not open. */
  ended(id: string): Promise<void>;
  /** Logs what is left and lets go of the container; who listens still gets it all. */
  close(id: string): Promise<void>;
  /** Everything from there on. Throws `not-found` when the container is not open. */
  listen(id: string, options: Omit<SubscribeOptions, 'id' | 'subscriber'>): Promise<Listening>;
  isOpen(id: string): boolean;
  /**
   * Calls back after each growth of a container's log, none missed from when this resolves, until
   * the function given back is called.
   */
  watchLog(id: string, listener: () => void): Promise<() => void>;
  /** Dispose leaves fifos and journals for the next daemon. */
}

/** One listener's share of a container's output. */
export interface Listening {
  /** Ends when the container's output ended, `stop` was called, or the listener fell too far behind. */
  readonly chunks: AsyncIterable<OutputChunk>;
  stop(): void;
}

export interface OutputChunk {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
}

/** Starts the worker that does it all; `onFailure` is told when it dies, which nothing can mend. */
export function createOutputs(options: { onFailure: (error: Error) => void }): Outputs {
  const link = startWorker(options.onFailure);
  const endings = new Map<string, { promise: Promise<void>; resolve: () => void }>();
  const listeners = new Map<number, ChunkQueue>();
  const growth = new Map<string, GrowthWatch>();
  let lastSubscriber = 0;

  link.onReport((report) => {
    switch (report.kind) {
      case 'output':
        listeners.get(report.subscriber)?.push(report);
        break;
      case 'cut-off':
      case 'subscriber-done':
        listeners.get(report.subscriber)?.end();
        listeners.delete(report.subscriber);
        break;
      case 'ended':
        endings.get(report.id)?.resolve();
        break;
      case 'log-grew':
        for (const listener of growth.get(report.id)?.listeners ?? []) listener();
        break;
      case 'rotated':
        void compress(report.path);
        break;
    }
  });

  return {
    async open(open) {
      endings.set(open.id, Promise.withResolvers<void>());
      await link.ask({ kind: 'open', options: open });
    },
    async ended(id) {
      await endings.get(id)?.promise;
    },
    async close(id) {
      await link.ask({ kind: 'close', id });
      endings.get(id)?.resolve();
      endings.delete(id);
      for (const listener of growth.get(id)?.listeners ?? []) listener();
    },
    isOpen: (id) => endings.has(id),
    async listen(id, options) {
      const subscriber = ++lastSubscriber;
      const queue = chunkQueue((sizeBytes) =>
        link.tell({ kind: 'passed-on', subscriber, sizeBytes }),
      );
      listeners.set(subscriber, queue);
      try {
        await link.ask({ kind: 'subscribe', options: { id, subscriber, ...options } });
      } catch (error) {
        listeners.delete(subscriber);
        throw error;
      }
      return {
        chunks: queue.chunks,
        stop() {
          queue.end();
          if (listeners.delete(subscriber)) link.tell({ kind: 'unsubscribe', subscriber });
        },
      };
    },
    async watchLog(id, listener) {
      const watch = growth.get(id) ?? {
        listeners: new Set(),
        begun: link.ask({ kind: 'watch-log', id, on: true }),
      };
      growth.set(id, watch);
      watch.listeners.add(listener);
      await watch.begun;
      return () => {
        watch.listeners.delete(listener);
        if (watch.listeners.size > 0 || growth.get(id) !== watch) return;
        growth.delete(id);
        link.tell({ kind: 'watch-log', id, on: false });
      };
    },
    [Symbol.asyncDispose]: () => link.quit(),
  };
}

interface GrowthWatch {
  readonly listeners: Set<() => void>;
  /** The worker knows of it. */
  readonly begun: Promise<void>;
}

interface WorkerLink {
  ask(command: Command): Promise<void>;
  tell(command: Command): void;
  onReport(listener: (report: Report) => void): void;
  quit(): Promise<void>;
}

/** The worker waits in the kernel, deaf to messages, until a count written to `wakeFd` wakes it. */
function startWorker(onFailure: (error: Error) => void): WorkerLink {
  const wakeFd = openEventFd();
  const worker = new Worker(new URL('./output-worker.ts', import.meta.url), {
    workerData: { wakeFd },
    name: 'output',
  });
  const waiting = new Map<number, (error: string | undefined) => void>();
  let listener: (report: Report) => void = () => {};
  let lastNumber = 0;
  let gone = false;
  let quitting = false;
  const one = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
  const tell = (command: Command) => {
    if (gone) return;
    const message: NumberedCommand = { number: ++lastNumber, command };
    worker.postMessage(message);
    writeSync(wakeFd, one);
  };
  // A thread that waits in the kernel would keep the process from ending.
  const quitAtExit = () => tell({ kind: 'quit' });
  process.once('exit', quitAtExit);
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      gone = true;
      process.off('exit', quitAtExit);
      closeSync(wakeFd);
      for (const settle of waiting.values()) settle('the output thread has ended');
      waiting.clear();
      resolve();
    });
  });
  worker.on('error', (error) => onFailure(error as Error));
  worker.on('message', (report: Report) => {
    if (report.kind === 'answer') {
      waiting.get(report.number)?.(report.error);
      waiting.delete(report.number);
      if (waiting.size === 0 && !quitting) worker.unref();
    } else listener(report);
  });
  worker.unref();
  return {
    tell,
    ask(command) {
      if (gone) return Promise.reject(internal(`${command.kind} output: its thread has ended`));
      worker.ref();
      return new Promise((resolve, reject) => {
        waiting.set(lastNumber + 1, (error) =>
          error === undefined ? resolve() : reject(internal(`${command.kind} output: ${error}`)),
        );
        tell(command);
      });
    },
    onReport(newListener) {
      listener = newListener;
    },
    async quit() {
      // Nothing else may keep the process alive until the thread is gone.
      quitting = true;
      if (!gone) worker.ref();
      tell({ kind: 'quit' });
      await exited;
    },
  };
}

interface ChunkQueue {
  push(chunk: OutputChunk): void;
  end(): void;
  readonly chunks: AsyncIterable<OutputChunk>;
}

/** Holds at most the worker's window of chunks; one counts as passed on when the next is asked for. */
function chunkQueue(onPassedOn: (sizeBytes: number) => void): ChunkQueue {
  const queue: OutputChunk[] = [];
  let ended = false;
  let wake = () => {};
  async function* take(): AsyncIterable<OutputChunk> {
    for (;;) {
      const chunk = queue.shift();
      if (chunk) {
        yield chunk;
        onPassedOn(chunk.bytes.length);
      } else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    push(chunk) {
      queue.push(chunk);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    chunks: take(),
  };
}

/** Compresses a rotated log file; a crash leaves the plain file, which reads as well. */
async function compress(path: string): Promise<void> {
  const partial = `${path}.gz.tmp`;
  try {
    const { ino } = statSync(path);
    await pipeline(
      createReadStream(path),
      createGzip(),
      createWriteStream(partial, { mode: 0o640 }),
    );
    // The next rotation may have come first and given the name to another file.
    if (statSync(path).ino !== ino) throw internal(`compress ${path}: rotated meanwhile`);
    renameSync(partial, `${path}.gz`);
    rmSync(path);
  } catch {
    // Rotated away or removed meanwhile, or no room: the plain file stays what it is.
    rmSync(partial, { force: true });
  }
}
