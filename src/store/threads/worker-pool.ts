import { MessagePort, Worker } from 'node:worker_threads';
import { type ByteStream, canceled, internal, type Limit, limit } from '../../core/index.ts';
import { createFeeder } from './feed-job.ts';
import type { JobInput, JobName, JobOutput } from './jobs.ts';
import { outputStream } from './output-stream.ts';
import { type FromWorker, sharedAt, type ToWorker } from './thread-messages.ts';
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
  /** Nobody else uses the memory of the input's chunks: it may be handed over as it is. */
  readonly inputIsOwned?: boolean;
  /** The job is done with a piece of its input when it asks for the next: memory goes to and fro. */
  readonly returnsInput?: boolean;
  /** Called with what the job sends; the job waits until it has resolved. */
  readonly onOutput?: (bytes: Uint8Array) => Promise<void> | void;
}

export interface WorkerPoolOptions {
  /**
   * Jobs fed over a network hold a thread while they wait, so this is more than there are cores. So
   * many may run with an input and as many without: the output of one job may be another's input, and
   * were they counted together, the second kind could take all threads and wait for the first for ever.
   */
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

export function createWorkerPool(options: WorkerPoolOptions = {}): WorkerPool {
  return new ThreadPool(options);
}

class ThreadPool implements WorkerPool {
  readonly #fed: Limit;
  readonly #unfed: Limit;
  readonly #idleMs: number;
  readonly #threads = new Set<Thread>();
  readonly #idle: Thread[] = [];
  #lastJob = 0;
  #isClosed = false;

  constructor({ mostThreads = 16, idleMs = 10_000 }: WorkerPoolOptions) {
    this.#fed = limit(mostThreads);
    this.#unfed = limit(mostThreads);
    this.#idleMs = idleMs;
  }

  async run<Name extends JobName>(
    name: Name,
    input: JobInput<Name>,
    options: RunOptions = {},
  ): Promise<JobOutput<Name>> {
    const inTurn = options.input ? this.#fed : this.#unfed;
    return await inTurn(async () => {
      const thread = this.#take();
      try {
        const job = ++this.#lastJob;
        return (await runOn(thread, { job, name, input }, options)) as JobOutput<Name>;
      } finally {
        this.#giveBack(thread);
      }
    }, options.signal);
  }

  stream<Name extends JobName>(
    name: Name,
    input: JobInput<Name>,
    { signal }: { signal?: AbortSignal } = {},
  ): ByteStream {
    return outputStream(
      (onOutput, ownSignal) => this.run(name, input, { onOutput, signal: ownSignal }),
      signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  #take(): Thread {
    if (this.#isClosed) throw internal('worker pool is closed');
    const thread = this.#idle.pop();
    if (!thread) return this.#start();
    clearTimeout(thread.idleTimer);
    thread.worker.ref();
    return thread;
  }

  #giveBack(thread: Thread): void {
    thread.running = undefined;
    if (!this.#threads.has(thread)) return;
    thread.worker.unref();
    thread.idleTimer = setTimeout(() => this.#retire(thread), this.#idleMs).unref();
    this.#idle.push(thread);
  }

  /** Ends an idle thread; from now on nobody is given it. */
  #retire(thread: Thread): void {
    this.#idle.splice(this.#idle.indexOf(thread), 1);
    this.#threads.delete(thread);
    void thread.worker.terminate();
  }

  #start(): Thread {
    // Files are opened and closed by system calls that Node does not see.
    const worker = new Worker(workerProgram, { trackUnmanagedFds: false });
    const thread: Thread = { worker, running: undefined, idleTimer: undefined };
    this.#threads.add(thread);
    worker.on('message', (message: FromWorker) => {
      if (message.job === thread.running?.job) thread.running.onMessage(message);
    });
    worker.on('error', (cause) => this.#lose(thread, internal('worker thread failed', { cause })));
    worker.on('exit', () =>
      this.#lose(thread, internal('worker thread ended in the middle of its job')),
    );
    return thread;
  }

  /** A thread died: its job fails. */
  #lose(thread: Thread, error: Error): void {
    if (!this.#threads.delete(thread)) return;
    clearTimeout(thread.idleTimer);
    const at = this.#idle.indexOf(thread);
    if (at >= 0) this.#idle.splice(at, 1);
    thread.running?.onDeath(error);
    thread.running = undefined;
  }
}

function runOn(
  thread: Thread,
  { job, name, input }: { job: number; name: JobName; input: unknown },
  { signal, input: feed, inputIsOwned = false, returnsInput = false, onOutput }: RunOptions,
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
  const feeder = feed && createFeeder(feed, { isOwned: inputIsOwned, job, tell });
  thread.running = {
    job,
    onDeath: reject,
    onMessage: (message) => {
      if (message.kind === 'taken') feeder?.taken(message.bytes);
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
    { kind: 'run', job, name, input, shared, returnsInput } satisfies ToWorker,
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

/** Ports at the top of a job's input move to the worker with it. */
function portsIn(input: object): MessagePort[] {
  return Object.values(input).filter((value) => value instanceof MessagePort);
}
