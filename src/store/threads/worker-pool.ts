import { MessagePort, Worker } from 'node:worker_threads';
import { type ByteStream, canceled, internal } from '../../core/index.ts';
import type { JobInput, JobName, JobOutput } from './jobs.ts';
import { type FromWorker, mostUnderway, sharedAt, type ToWorker } from './thread-messages.ts';
import { packError, unpackError } from './wire-error.ts';

/**
 * Threads for work that would hold up the event loop. They start when needed and end when idle; what
 * comes while all are busy waits its turn.
 */
export interface WorkerPool extends AsyncDisposable {
  /** Runs a job; throws what it throws, `canceled` when the signal is aborted. */
  run<Name extends JobName>(
    name: Name,
    input: JobInput<Name>,
    options?: RunOptions,
  ): Promise<JobOutput<Name>>;
  /** Runs a job for the bytes it sends; leaving the stream early cancels the job. */
  stream<Name extends JobName>(
    name: Name,
    input: JobInput<Name>,
    options?: { signal?: AbortSignal },
  ): ByteStream;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Sent to the job as its input. */
  readonly input?: ByteStream;
  /** Called with what the job sends; the job waits until it has resolved. */
  readonly onOutput?: (bytes: Uint8Array) => Promise<void> | void;
}

export interface WorkerPoolOptions {
  /** Jobs fed over a network hold a thread while they wait, so this is more than there are cores. */
  readonly mostThreads?: number;
  readonly idleMs?: number;
}

interface Thread {
  readonly worker: Worker;
  running: Running | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

interface Running {
  readonly job: number;
  onMessage(message: FromWorker): void;
  onDeath(error: Error): void;
}

const workerProgram = new URL('./worker-thread.ts', import.meta.url);
const pieceBytes = 256 * 1024;

export function createWorkerPool(options: WorkerPoolOptions = {}): WorkerPool {
  const { mostThreads = 16, idleMs = 10_000 } = options;
  const threads = new Set<Thread>();
  const idle: Thread[] = [];
  const waiting: ((thread: Thread) => void)[] = [];
  let lastJob = 0;
  let closed = false;

  function start(): Thread {
    const worker = new Worker(workerProgram, { trackUnmanagedFds: false });
    const thread: Thread = { worker, running: undefined, idleTimer: undefined };
    threads.add(thread);
    worker.on('message', (message: FromWorker) => {
      if (message.job === thread.running?.job) thread.running.onMessage(message);
    });
    worker.on('error', (cause) => end(thread, internal('worker thread failed', { cause })));
    worker.on('exit', () => end(thread, internal('worker thread ended in the middle of its job')));
    return thread;
  }

  function end(thread: Thread, error: Error): void {
    if (!threads.delete(thread)) return;
    clearTimeout(thread.idleTimer);
    const at = idle.indexOf(thread);
    if (at >= 0) idle.splice(at, 1);
    thread.running?.onDeath(error);
    thread.running = undefined;
    const next = waiting.shift();
    if (next) next(start());
  }

  async function acquire(): Promise<Thread> {
    if (closed) throw internal('worker pool is closed');
    const thread = idle.pop();
    if (thread) {
      clearTimeout(thread.idleTimer);
      thread.worker.ref();
      return thread;
    }
    if (threads.size < mostThreads) return start();
    return await new Promise((resolve) => waiting.push(resolve));
  }

  function release(thread: Thread): void {
    thread.running = undefined;
    if (!threads.has(thread)) return;
    const next = waiting.shift();
    if (next) {
      next(thread);
      return;
    }
    thread.worker.unref();
    thread.idleTimer = setTimeout(() => retire(thread), idleMs).unref();
    idle.push(thread);
  }

  /** Ends an idle thread; from now on nobody is given it. */
  function retire(thread: Thread): void {
    idle.splice(idle.indexOf(thread), 1);
    threads.delete(thread);
    void thread.worker.terminate();
  }

  async function run<Name extends JobName>(
    name: Name,
    input: JobInput<Name>,
    runOptions: RunOptions = {},
  ): Promise<JobOutput<Name>> {
    runOptions.signal?.throwIfAborted();
    const thread = await acquire();
    try {
      const job = ++lastJob;
      return (await runOn(thread, { job, name, input }, runOptions)) as JobOutput<Name>;
    } finally {
      release(thread);
    }
  }

  return {
    run,
    stream: (name, input, { signal } = {}) =>
      outputStream(
        (onOutput, ownSignal) => run(name, input, { onOutput, signal: ownSignal }),
        signal,
      ),
    async [Symbol.asyncDispose]() {
      closed = true;
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

function runOn(
  thread: Thread,
  { job, name, input }: { job: number; name: JobName; input: unknown },
  { signal, input: feed, onOutput }: RunOptions,
): Promise<unknown> {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const tell = (message: ToWorker, transfer: ArrayBuffer[] = []) =>
    thread.worker.postMessage(message, transfer);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const cancel = () => {
    Atomics.store(shared, sharedAt.canceled, 1);
    Atomics.notify(shared, sharedAt.takenOutputs);
    tell({ kind: 'input-end', job, error: packError(canceled('canceled')) });
  };
  let outputs = Promise.resolve();
  let outputFailed: { error: unknown } | undefined;
  const feeder = feed ? createFeeder(feed, job, tell) : undefined;
  thread.running = {
    job,
    onDeath: reject,
    onMessage: (message) => {
      if (message.kind === 'taken') feeder?.taken();
      else if (message.kind === 'failed') reject(outputFailed?.error ?? unpackError(message.error));
      else if (message.kind === 'done') {
        outputs.then(() => resolve(message.result), reject);
      } else {
        outputs = outputs
          .then(() => onOutput?.(message.bytes))
          .then(() => {
            Atomics.add(shared, sharedAt.takenOutputs, 1);
            Atomics.notify(shared, sharedAt.takenOutputs);
          });
        outputs.catch((error) => {
          outputFailed ??= { error };
          cancel();
        });
      }
    },
  };
  const messageInput = typeof input === 'object' && input !== null ? portsIn(input) : [];
  thread.worker.postMessage(
    { kind: 'run', job, name, input, shared } satisfies ToWorker,
    messageInput,
  );
  void feeder?.run();
  signal?.addEventListener('abort', cancel);
  if (signal?.aborted) cancel();
  return promise.finally(() => {
    feeder?.stop();
    signal?.removeEventListener('abort', cancel);
  });
}

/** Sends a stream to a job, a few pieces ahead of it. */
function createFeeder(
  stream: ByteStream,
  job: number,
  tell: (message: ToWorker, transfer?: ArrayBuffer[]) => void,
) {
  let underway = 0;
  let stopped = false;
  let go: (() => void) | undefined;
  async function run(): Promise<void> {
    try {
      for await (const bytes of inPieces(stream)) {
        if (stopped) return;
        tell({ kind: 'input', job, bytes }, [bytes.buffer as ArrayBuffer]);
        if (++underway < mostUnderway) continue;
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
      tell({ kind: 'input-end', job });
    } catch (error) {
      tell({ kind: 'input-end', job, error: packError(error) });
    }
  }
  return {
    run,
    taken: () => {
      underway--;
      go?.();
    },
    stop: () => {
      stopped = true;
      go?.();
    },
  };
}

/** Ports at the top of a job's input move to the worker with it. */
function portsIn(input: object): MessagePort[] {
  return Object.values(input).filter((value) => value instanceof MessagePort);
}

/** The stream in memory of its own that can be handed over, small chunks put together. */
async function* inPieces(stream: ByteStream): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(chunk.length - at, piece.length - filled);
      piece.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < piece.length) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}

/** Turns a run that calls back with bytes into a stream that is read at its reader's pace. */
async function* outputStream(
  start: (onOutput: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal | undefined,
): ByteStream {
  const leaving = new AbortController();
  const ready: Uint8Array[] = [];
  let taken: (() => void) | undefined;
  let wake: (() => void) | undefined;
  let finished = false;
  let failure: unknown;
  const running = start(
    (bytes) => {
      ready.push(bytes);
      wake?.();
      return new Promise((resolve) => {
        taken = resolve;
      });
    },
    signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal,
  )
    .catch((error) => {
      failure = error;
    })
    .finally(() => {
      finished = true;
      wake?.();
    });
  try {
    for (;;) {
      const bytes = ready.shift();
      if (bytes) {
        taken?.();
        yield bytes;
      } else if (finished) {
        if (failure !== undefined) throw failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    leaving.abort();
    taken?.();
    await running;
  }
}
