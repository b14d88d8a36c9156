import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../core/index.ts';
import type { Healthcheck } from '../../image/index.ts';
import type { Health } from '../containers/container.ts';
import type { ContainerConfig } from '../containers/container-config.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import { isAlive } from '../containers/transition.ts';
import type { EngineParts } from '../engine-parts.ts';

const nanosPerMs = 1e6;
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startIntervalMs: 5000, retries: 3 };
const entriesKept = 5;
const mostOutputBytes = 4096;

/** The command of a health check, or undefined when there is none. */
export function probeCommand(
  config: Pick<ContainerConfig, 'Healthcheck' | 'Shell'>,
): string[] | undefined {
  const [kind, ...words] = config.Healthcheck?.Test ?? [];
  if (kind === 'CMD' && words.length > 0) return words;
  const shell = config.Shell?.length ? config.Shell : ['/bin/sh', '-c'];
  return kind === 'CMD-SHELL' && words.length > 0 ? [...shell, ...words] : undefined;
}

export type ProbeResult = Health['log'][number];

/**
 * Health after a probe: failures count only once the start period is over or a probe has succeeded.
 * Pure.
 */
export function afterProbe(
  health: Health,
  result: ProbeResult,
  { check, startedAtMs }: { check: Healthcheck; startedAtMs: number },
): Health {
  const log = [...health.log, result].slice(-entriesKept);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  const startPeriodMs = (check.StartPeriod ?? 0) / nanosPerMs;
  const isStarting = health.status === 'starting' && result.startMs - startedAtMs < startPeriodMs;
  if (isStarting) return { ...health, log };
  const failingStreak = health.failingStreak + 1;
  const isBad = failingStreak >= (check.Retries || defaults.retries);
  return { status: isBad ? 'unhealthy' : health.status, failingStreak, log };
}

/** How long to wait for the next probe: the start period has an interval of its own. */
export function probeDelayMs(
  check: Healthcheck,
  { status, ranMs }: { status: Health['status']; ranMs: number },
): number {
  const intervalMs = (check.Interval ?? 0) / nanosPerMs || defaults.intervalMs;
  const inStartPeriod = ranMs < (check.StartPeriod ?? 0) / nanosPerMs;
  if (!inStartPeriod || status !== 'starting') return intervalMs;
  return (check.StartInterval ?? 0) / nanosPerMs || defaults.startIntervalMs;
}

/** Watches over the health of one container until its end; nothing for one without a check. */
export function watchHealth(parts: EngineParts, id: string, signal: AbortSignal): void {
  const record = parts.table.find(id);
  const command = probeCommand(record.config);
  const check = record.config.Healthcheck;
  if (!command || !check) return;
  parts.table.change(id, { health: { status: 'starting', failingStreak: 0, log: [] } });
  void probeUntil(parts, id, { command, check, signal }).catch((error) => {
    if (!signal.aborted) parts.warn(`health check of container ${id}: ${errorMessage(error)}`);
  });
}

interface Probe {
  readonly command: string[];
  readonly check: Healthcheck;
  readonly signal: AbortSignal;
}

async function probeUntil(parts: EngineParts, id: string, probe: Probe): Promise<void> {
  const { check, signal } = probe;
  while (!signal.aborted) {
    const { health, state } = parts.table.find(id);
    const startedAtMs = isAlive(state) ? state.startedAtMs : parts.now();
    const ranMs = parts.now() - startedAtMs;
    const delayMs = probeDelayMs(check, { status: health?.status ?? 'starting', ranMs });
    await sleep(delayMs, undefined, { signal, ref: false });
    // Docker asks a paused container nothing.
    if (parts.table.find(id).state.kind !== 'running') continue;
    const result = await runProbe(parts, id, probe);
    if (signal.aborted) return;
    record(parts, id, result, { check, startedAtMs });
  }
}

async function runProbe(
  parts: EngineParts,
  id: string,
  { command, check, signal }: Probe,
): Promise<ProbeResult> {
  const startMs = parts.now();
  const timeoutMs = (check.Timeout ?? 0) / nanosPerMs || defaults.timeoutMs;
  const tooLong = AbortSignal.timeout(timeoutMs);
  const end = (exitCode: number, output: string) => ({
    startMs,
    endMs: parts.now(),
    exitCode,
    output,
  });
  try {
    const { code, output } = await parts.runExec(
      id,
      { Cmd: command },
      {
        mostOutputBytes,
        signal: AbortSignal.any([signal, tooLong]),
      },
    );
    if (!tooLong.aborted) return end(code, output);
    const said = output === '' ? '' : `: ${output}`;
    return end(-1, `Health check exceeded timeout (${timeoutMs / 1000}s)${said}`);
  } catch (error) {
    return end(-1, errorMessage(error));
  }
}

function record(
  parts: EngineParts,
  id: string,
  result: ProbeResult,
  context: { check: Healthcheck; startedAtMs: number },
): void {
  const before: ContainerRecord = parts.table.find(id);
  const old = before.health ?? { status: 'starting', failingStreak: 0, log: [] };
  const health = afterProbe(old, result, context);
  const after = parts.table.change(id, { health });
  if (health.status !== old.status) parts.tell(after, `health_status: ${health.status}`);
}
