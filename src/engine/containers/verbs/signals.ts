import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, errorKind } from '../../../core/index.ts';
import { parseSignal } from '../../../linux/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import type { Run } from '../../runs/run.ts';
import type { ContainerRecord } from '../container-record.ts';

const sigkill = 9;
/** A process that ignores even SIGKILL for this long hangs in the kernel. */
const killPatienceMs = 10_000;

/** Sends a signal and notes what it means for restarts (moby, daemon/kill.go). */
export async function signalRun(
  parts: EngineParts,
  record: ContainerRecord,
  run: Run,
  number: number,
): Promise<void> {
  const { id, config, state } = record;
  const isEnding =
    number === sigkill || !config.StopSignal || parseSignal(config.StopSignal) === number;
  if (isEnding) run.isStoppedByUser = true;
  noteStopped(parts, record);
  try {
    await run.shim.task.kill(number);
  } catch (error) {
    // It ended by itself just now, which is what was wanted.
    if (errorKind(error) !== 'not-found' && !run.over.signal.aborted) throw error;
  }
  // A paused process takes no signal; Docker lets it go on to its end.
  if (isEnding && state.kind === 'paused') await run.shim.task.resume().catch(() => {});
  const current = parts.table.get(id);
  if (current) parts.tell(current, 'kill', { signal: String(number) });
}

/** `unless-stopped` and the like leave it alone from here on. */
export function noteStopped({ table }: EngineParts, { id, stoppedByUser }: ContainerRecord): void {
  if (!stoppedByUser) table.change(id, { stoppedByUser: true });
}

/** SIGKILL, and the wait for all to be cleared up. */
export async function killHard(
  parts: EngineParts,
  record: ContainerRecord,
  run: Run,
): Promise<void> {
  await signalRun(parts, record, run, sigkill);
  if (await endsWithin(run, killPatienceMs)) return;
  parts.cgroups.kill(run.cgroupPath);
  if (await endsWithin(run, killPatienceMs)) return;
  throw new BerthError('internal', 'tried to kill container, but did not receive an exit event');
}

/** Whether its process ends in time; what clears up after it is then waited for, however long. */
export async function endsWithin(run: Run, timeoutMs: number): Promise<boolean> {
  if (timeoutMs === Number.POSITIVE_INFINITY) {
    await run.ended;
    return true;
  }
  const enough = new AbortController();
  const late = sleep(timeoutMs, false, { signal: enough.signal }).catch(() => false);
  const over = new Promise<boolean>((resolve) => {
    if (run.over.signal.aborted) resolve(true);
    else run.over.signal.addEventListener('abort', () => resolve(true), { once: true });
  });
  const isOver = await Promise.race([over, late]);
  enough.abort();
  if (isOver) await run.ended;
  return isOver;
}
