/** A unit of work in the queue: an image, one argument string, and the resources it may use. */
export interface Job {
  /** Counts from 1, never reused. */
  readonly id: number;
  readonly name: string;
  readonly user: string;
  /** As the user named it. */
  readonly image: string;
  /** What the image's entrypoint receives as its only argument; absent: the image's own Cmd. */
  readonly argument?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly resources: Resources;
  readonly submittedAtMs: number;
  readonly state: JobState;
}

export interface Resources {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** The job is stopped after this long; absent: no limit. */
  readonly timeLimitMs?: number;
}

/** The life of a job; `stateName` gives Slurm's word for each. */
export type JobState =
  | { readonly kind: 'pending'; readonly reason?: string }
  | { readonly kind: 'running'; readonly startedAtMs: number; readonly cancelAsked?: boolean }
  | {
      readonly kind: 'ended';
      readonly startedAtMs?: number;
      readonly endedAtMs: number;
      readonly outcome: Outcome;
    };

export type Outcome =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'out-of-memory'; readonly exitCode: number }
  /** It could not be started, or was lost with its machine. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Slurm's state names (squeue and sacct, JOB STATE CODES). */
export function stateName(state: JobState): string {
  if (state.kind === 'pending') return 'PENDING';
  if (state.kind === 'running') return state.cancelAsked ? 'COMPLETING' : 'RUNNING';
  switch (state.outcome.kind) {
    case 'exited':
      return state.outcome.exitCode === 0 ? 'COMPLETED' : 'FAILED';
    case 'cancelled':
      return 'CANCELLED';
    case 'timeout':
      return 'TIMEOUT';
    case 'out-of-memory':
      return 'OUT_OF_MEMORY';
    case 'failed':
      return 'NODE_FAIL';
  }
}

/** The exit code of an ended job's program, or undefined when it has none. */
export function exitCodeOf(state: JobState): number | undefined {
  if (state.kind !== 'ended') return undefined;
  return 'exitCode' in state.outcome ? state.outcome.exitCode : undefined;
}
