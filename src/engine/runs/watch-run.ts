import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../core/index.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import { restartDelayMs } from '../containers/restart-policy.ts';
import { isAlive } from '../containers/transition.ts';
import type { EngineParts } from '../engine-parts.ts';
import type { ProcessExit } from '../runtime/task-service.ts';
import { clearRun } from './clear-run.ts';
import { watchHealth } from './health.ts';
import type { OpenRun } from './run-of.ts';

/** What a container without its shim is taken to have ended with. */
const killedCode = 137;
/** How long output may stay away after the end, where others hold the container's pipes open. */
const longestDrainMs = 2000;

/** Follows a run to its end, and what the end leads to: another start, or the container's removal. */
export function watchRun(parts: EngineParts, run: OpenRun, ending: Promise<ProcessExit>): void {
  watchHealth(parts, run.id, run.over.signal);
  void followToEnd(parts, run, ending).catch((error) =>
    parts.warn(`end of container ${run.id}: ${errorMessage(error)}`),
  );
}

async function followToEnd(
  parts: EngineParts,
  run: OpenRun,
  ending: Promise<ProcessExit>,
): Promise<void> {
  const exit = await ending.catch(() => ({ code: killedCode, atMs: parts.now() }));
  // This daemon lets go of its shims when it ends: the container is the next one's.
  if (parts.closing.aborted) return;
  run.over.abort();
  const record = parts.table.find(run.id);
  noteOutOfMemory(parts, record, run);
  noteExit(parts, run, exit);
  await drain(parts, run.id);
  run.stdin?.release();
  try {
    await clearRun(parts, record, run.shim);
  } catch (error) {
    parts.warn(`clear up after container ${run.id}: ${errorMessage(error)}`);
  } finally {
    parts.runs.delete(run.id);
    try {
      settle(parts, run, exit);
    } finally {
      // Whoever waits does so no longer, also when the record could not be written.
      run.settleEnd();
    }
  }
}

/** Before anything goes: with the shim goes the one who knows, should this daemon be killed. */
function noteExit(parts: EngineParts, { id, ranOutOfMemory }: OpenRun, exit: ProcessExit): void {
  try {
    parts.table.change(id, { seenExit: { ...exit, oomKilled: ranOutOfMemory } });
  } catch (error) {
    parts.warn(`note end of container ${id}: ${errorMessage(error)}`);
  }
}

function noteOutOfMemory(parts: EngineParts, record: ContainerRecord, run: OpenRun): void {
  if (run.ranOutOfMemory || parts.cgroups.oomKills(run.cgroupPath) === 0) return;
  run.ranOutOfMemory = true;
  parts.tell(record, 'oom');
}

/** Output comes before the end: who waits for the end finds it all in the log. */
async function drain({ outputs }: EngineParts, id: string): Promise<void> {
  outputs.takeRest(id);
  const enough = new AbortController();
  await Promise.race([
    outputs.ended(id),
    sleep(longestDrainMs, undefined, { signal: enough.signal }).catch(() => {}),
  ]);
  enough.abort();
}

/** Decides what comes next, records it, and tells everyone. */
function settle(parts: EngineParts, run: OpenRun, { code, atMs }: ProcessExit): void {
  const { id, state, hostConfig, restartCount, askedEndpoints } = parts.table.find(run.id);
  const startedAtMs = isAlive(state) ? state.startedAtMs : 0;
  const finishedAtMs = atMs || parts.now();
  const ranMs = Math.max(0, finishedAtMs - startedAtMs);
  const delayMs = restartDelayMs(hostConfig.RestartPolicy, {
    exitCode: code,
    stoppedByUser: run.isStoppedByUser,
    ranMs,
    restartCount,
    delayBeforeMs: run.delayBeforeMs,
  });
  const exit = { code, startedAtMs, finishedAtMs, oomKilled: run.ranOutOfMemory };
  const ended = parts.table.apply(
    id,
    { kind: 'exited', exit, willRestart: delayMs !== undefined },
    {
      network: undefined,
      ports: [],
      endpoints: askedEndpoints,
      seenExit: undefined,
      ...(delayMs !== undefined && { restartCount: restartCount + 1 }),
    },
  );
  parts.tell(ended, 'die', {
    exitCode: String(code),
    execDuration: String(Math.floor(ranMs / 1000)),
  });
  parts.waiters.exited(id, { code });
  if (delayMs !== undefined) parts.later.restart(id, delayMs);
  else if (hostConfig.AutoRemove && !run.isRestartedByUser) parts.later.remove(id);
}
