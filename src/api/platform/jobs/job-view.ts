import type { Job } from '../../../jobs/index.ts';

/** A job as the platform API tells it; times are RFC 3339, states Slurm's. */
export interface JobView {
  id: number;
  name: string;
  user: string;
  image: string;
  argument?: string;
  env: Record<string, string>;
  cpus: number;
  memoryBytes: number;
  timeLimitS?: number;
  state: string;
  /** Why it waits, or why it failed. */
  reason?: string;
  exitCode?: number;
  submittedAt: string;
  startedAt?: string;
  endedAt?: string;
}

export interface JobNaming {
  stateName(state: Job['state']): string;
  exitCodeOf(state: Job['state']): number | undefined;
}

export function viewJob(job: Job, { stateName, exitCodeOf }: JobNaming): JobView {
  const { state, resources } = job;
  const time = (ms: number | undefined) =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  const reason =
    state.kind === 'pending'
      ? state.reason
      : state.kind === 'ended' && state.outcome.kind === 'failed'
        ? state.outcome.reason
        : undefined;
  return {
    id: job.id,
    name: job.name,
    user: job.user,
    image: job.image,
    argument: job.argument,
    env: { ...job.env },
    cpus: resources.cpus,
    memoryBytes: resources.memoryBytes,
    timeLimitS: resources.timeLimitMs === undefined ? undefined : resources.timeLimitMs / 1000,
    state: stateName(state),
    reason,
    exitCode: exitCodeOf(state),
    submittedAt: new Date(job.submittedAtMs).toISOString(),
    startedAt: state.kind === 'pending' ? undefined : time(state.startedAtMs),
    endedAt: state.kind === 'ended' ? time(state.endedAtMs) : undefined,
  };
}
