import { errorMessage, notFound } from '../core/index.ts';
import { admit, type Capacity, type Submission } from './admission.ts';
import type { Job, JobState, Outcome } from './job.ts';
import type { JobBackend, JobRecords, OutputLine, OutputOptions } from './ports.ts';
import { schedule } from './schedule.ts';

/** The queue of this machine. */
export interface Jobs {
  submit(submission: Submission, user: string): Promise<Job>;
  /** Throws `not-found`. */
  get(id: number): Job;
  list(): Job[];
  /** Resolves with the ended job. */
  wait(id: number, signal?: AbortSignal): Promise<Job>;
  /** A pending job never starts, a running one is stopped; an ended one is left as it is. */
  cancel(id: number): Promise<{ changed: boolean }>;
  output(id: number, options: OutputOptions): AsyncIterable<OutputLine>;
  /** Takes up the queue as the last daemon left it. */
  resume(): Promise<void>;
  /** Stops deciding; what runs goes on. */
  close(): Promise<void>;
}

export interface JobsOptions {
  records: JobRecords;
  backend: JobBackend;
  capacity: Capacity;
  now?: () => number;
  /** Told of faults that concern no request. */
  onFault: (message: string) => void;
}

export function createJobs(options: JobsOptions): Jobs {
  const { records, backend, capacity, onFault, now = Date.now } = options;
  const closing = new AbortController();
  const executions = new Map<number, Promise<void>>();
  const listeners = new Set<() => void>();
  /** Of running jobs: resolves when the backend has them, or not. */
  const starts = new Map<number, Promise<void>>();

  function setState(id: number, state: JobState): void {
    records.setState(id, state);
    for (const listener of [...listeners]) listener();
  }

  function get(id: number): Job {
    const job = records.get(id);
    if (job === undefined) throw notFound(`find job: there is no job ${id}`);
    return job;
  }

  function decide(): void {
    if (closing.signal.aborted) return;
    const jobs = records.list();
    const running = jobs.flatMap((job) =>
      job.state.kind === 'running' ? [{ ...job, startedAtMs: job.state.startedAtMs }] : [],
    );
    const waiting = jobs.filter((job) => job.state.kind === 'pending');
    const plan = schedule({ capacity, running, waiting, nowMs: now() });
    for (const job of waiting) {
      const reason = plan.reasons.get(job.id);
      if (plan.start.includes(job.id)) {
        setState(job.id, { kind: 'running', startedAtMs: now() });
        execute(get(job.id));
      } else if (job.state.kind === 'pending' && job.state.reason !== reason) {
        setState(job.id, { kind: 'pending', reason });
      }
    }
  }

  function execute(job: Job): void {
    const execution = run(job)
      .catch((error: unknown) => {
        if (!closing.signal.aborted) onFault(`execute job ${job.id}: ${errorMessage(error)}`);
      })
      .finally(() => {
        executions.delete(job.id);
        decide();
      });
    executions.set(job.id, execution);
  }

  /** From "running" to "ended", whether the container is new or was found running. */
  async function run(job: Job): Promise<void> {
    const startedAtMs = job.state.kind === 'running' ? job.state.startedAtMs : now();
    let timedOut = false;
    let stopTimer = () => {};
    let outcome: Outcome;
    try {
      const start = backend.start(job);
      starts.set(
        job.id,
        start.catch(() => {}),
      );
      await start;
      if (isCancelAsked(job.id)) await backend.stop(job);
      if (job.resources.timeLimitMs !== undefined) {
        const leftMs = startedAtMs + job.resources.timeLimitMs - now();
        stopTimer = longTimer(leftMs, () => {
          timedOut = true;
          backend
            .stop(job)
            .catch((error: unknown) => onFault(`stop job ${job.id}: ${errorMessage(error)}`));
        });
      }
      const { exitCode, outOfMemory } = await backend.wait(job, closing.signal);
      if (isCancelAsked(job.id)) outcome = { kind: 'cancelled' };
      else if (timedOut) outcome = { kind: 'timeout' };
      else if (outOfMemory) outcome = { kind: 'out-of-memory', exitCode };
      else outcome = { kind: 'exited', exitCode };
    } catch (error) {
      if (closing.signal.aborted) return;
      outcome = { kind: 'failed', reason: errorMessage(error) };
    } finally {
      starts.delete(job.id);
      stopTimer();
    }
    setState(job.id, { kind: 'ended', startedAtMs, endedAtMs: now(), outcome });
    await backend.release(job);
  }

  function isCancelAsked(id: number): boolean {
    const { state } = get(id);
    return state.kind === 'running' && state.cancelAsked === true;
  }

  async function cancel(id: number): Promise<{ changed: boolean }> {
    const job = get(id);
    if (job.state.kind === 'ended') return { changed: false };
    if (job.state.kind === 'pending') {
      setState(id, { kind: 'ended', endedAtMs: now(), outcome: { kind: 'cancelled' } });
      decide();
      return { changed: true };
    }
    setState(id, { ...job.state, cancelAsked: true });
    await backend.stop(job);
    return { changed: true };
  }

  function wait(id: number, signal?: AbortSignal): Promise<Job> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        listeners.delete(check);
        signal?.removeEventListener('abort', abort);
        act();
      };
      const abort = () => settle(() => reject(signal!.reason));
      const check = () => {
        const job = get(id);
        if (job.state.kind === 'ended') settle(() => resolve(job));
      };
      listeners.add(check);
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      else check();
    });
  }

  async function submit(submission: Submission, user: string): Promise<Job> {
    const resources = admit(submission, capacity);
    await backend.checkImage(submission.image);
    const job = records.insert({
      name: submission.name ?? submission.image,
      user,
      image: submission.image,
      ...(submission.argument !== undefined && { argument: submission.argument }),
      env: submission.env ?? {},
      resources,
      submittedAtMs: now(),
      state: { kind: 'pending' },
    });
    decide();
    return get(job.id);
  }

  async function* output(id: number, outputOptions: OutputOptions): AsyncIterable<OutputLine> {
    const { signal, follow } = outputOptions;
    if (get(id).state.kind === 'pending') {
      if (!follow) return;
      await started(id, signal);
    }
    await starts.get(id);
    yield* backend.output(get(id), outputOptions);
  }

  function started(id: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (get(id).state.kind === 'pending' && !signal?.aborted) return;
        listeners.delete(check);
        signal?.removeEventListener('abort', check);
        if (signal?.aborted) reject(signal.reason);
        else resolve();
      };
      listeners.add(check);
      signal?.addEventListener('abort', check);
      check();
    });
  }

  return {
    submit,
    get,
    list: () => records.list(),
    wait,
    cancel,
    output,
    async resume() {
      for (const job of records.list()) {
        if (job.state.kind === 'running') execute(job);
        if (job.state.kind === 'ended') await backend.release(job);
      }
      decide();
    },
    async close() {
      closing.abort();
      await Promise.allSettled(executions.values());
    },
  };
}

/** setTimeout holds at most 24.8 days; longer limits are waited for in pieces. Returns the undo. */
function longTimer(delayMs: number, act: () => void): () => void {
  const longestMs = 2 ** 31 - 1;
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number) => {
    timer = setTimeout(
      () => (leftMs > longestMs ? arm(leftMs - longestMs) : act()),
      Math.max(0, Math.min(leftMs, longestMs)),
    );
  };
  arm(delayMs);
  return () => clearTimeout(timer);
}
