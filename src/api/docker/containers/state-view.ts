import type { Container, ContainerState, Health } from '../../../engine/index.ts';
import { rfc3339, zeroTime } from '../timestamp.ts';

export const stateNames = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
] as const satisfies ContainerState['kind'][];

export function isRunning({ state }: Container): boolean {
  return state.kind === 'running' || state.kind === 'paused' || state.kind === 'restarting';
}

/** State of `inspect`. */
export function stateView(container: Container): unknown {
  const { state, health } = container;
  const started = 'startedAtMs' in state ? state : undefined;
  const exit = 'exit' in state ? state.exit : undefined;
  return {
    Status: state.kind,
    Running: isRunning(container),
    Paused: state.kind === 'paused',
    Restarting: state.kind === 'restarting',
    OOMKilled: exit?.oomKilled ?? false,
    Dead: state.kind === 'dead',
    Pid: started?.pid ?? 0,
    ExitCode: exit?.code ?? 0,
    Error: exit?.error ?? '',
    StartedAt: rfc3339(started?.startedAtMs ?? exit?.startedAtMs),
    FinishedAt: exit ? rfc3339(exit.finishedAtMs) : zeroTime,
    ...(health && { Health: healthView(health) }),
  };
}

function healthView({ status, failingStreak, log }: Health): unknown {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ startMs, endMs, exitCode, output }) => ({
      Start: rfc3339(startMs),
      End: rfc3339(endMs),
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

/** The STATUS column of `docker ps`: `Up 2 minutes (healthy)`. */
export function statusText({ state, health }: Container, nowMs: number): string {
  switch (state.kind) {
    case 'created':
      return 'Created';
    case 'running': {
      const suffix = health ? ` (${healthWord(health)})` : '';
      return `Up ${humanDuration(nowMs - state.startedAtMs)}${suffix}`;
    }
    case 'paused':
      return `Up ${humanDuration(nowMs - state.startedAtMs)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exit.code}) ${humanDuration(nowMs - state.exit.finishedAtMs)} ago`;
    case 'exited':
      return `Exited (${state.exit.code}) ${humanDuration(nowMs - state.exit.finishedAtMs)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
  }
}

function healthWord({ status }: Health): string {
  return status === 'starting' ? 'health: starting' : status;
}

/** A duration in one rough unit, as Docker says it. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
