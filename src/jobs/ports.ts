import type { Job, JobState } from './job.ts';

/** Where jobs are kept; each call is durable when it returns. */
export interface JobRecords {
  /** Gives the job its number. */
  insert(job: Omit<Job, 'id'>): Job;
  setState(id: number, state: JobState): void;
  get(id: number): Job | undefined;
  list(): Job[];
}

/** What executes a job: containers of this machine, later a cluster. */
export interface JobBackend {
  /** Throws `not-found` when the image is not there, `invalid` when it cannot be run. */
  checkImage(image: string): Promise<void>;
  /** Starts the job, or finds it started already. Throws when it cannot. */
  start(job: Job): Promise<void>;
  /** Resolves when the job's program has ended. Throws `not-found` when it was lost. */
  wait(job: Job, signal: AbortSignal): Promise<{ exitCode: number; outOfMemory: boolean }>;
  /** Asks it to end, then forces it; idempotent. */
  stop(job: Job): Promise<void>;
  /** Keeps the job's output and gives back all else it held; idempotent. */
  release(job: Job): Promise<void>;
  output(job: Job, options: OutputOptions): AsyncIterable<OutputLine>;
}

export interface OutputOptions {
  follow: boolean;
  tail?: number;
  signal?: AbortSignal;
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}
