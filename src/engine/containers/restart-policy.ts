import type { HostConfig } from './container-config.ts';

const firstDelayMs = 100;
const longestDelayMs = 60_000;
/** A container that ran this long did start well: the next delay is the first again. */
const steadyMs = 10_000;

export interface EndedRun {
  readonly exitCode: number;
  /** Stopped or killed on request: policies do not undo what a user did. */
  readonly stoppedByUser: boolean;
  readonly ranMs: number;
  /** Restarts by the policy so far. */
  readonly restartCount: number;
  /** The delay before this run; 0 when a user started it. */
  readonly delayBeforeMs: number;
}

/** How long to wait before a restart, or undefined for none. Delays double from 0.1 s to a minute. */
export function restartDelayMs(
  policy: HostConfig['RestartPolicy'],
  run: EndedRun,
): number | undefined {
  if (run.stoppedByUser || !wantsRestart(policy, run)) return undefined;
  if (run.ranMs >= steadyMs || run.delayBeforeMs === 0) return firstDelayMs;
  return Math.min(run.delayBeforeMs * 2, longestDelayMs);
}

/** Whether a container that was found ended when the daemon started is to run again. */
export function restartsWithDaemon(
  policy: HostConfig['RestartPolicy'],
  run: Pick<EndedRun, 'exitCode' | 'stoppedByUser' | 'restartCount'>,
): boolean {
  // `always` brings back even what was stopped by hand: that is what tells it from unless-stopped.
  if (policy?.Name === 'always') return true;
  return !run.stoppedByUser && wantsRestart(policy, run);
}

function wantsRestart(
  policy: HostConfig['RestartPolicy'],
  { exitCode, restartCount }: Pick<EndedRun, 'exitCode' | 'restartCount'>,
): boolean {
  const most = policy?.MaximumRetryCount ?? 0;
  switch (policy?.Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return exitCode !== 0 && (most === 0 || restartCount < most);
    default:
      return false;
  }
}
