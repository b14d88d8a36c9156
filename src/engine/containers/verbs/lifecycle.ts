import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, conflict, errorKind, errorMessage } from '../../../core/index.ts';
import { parseSignal } from '../../../linux/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import type { Run } from '../../runs/run.ts';
import { startRun } from '../../runs/start-run.ts';
import type { ContainerRecord } from '../container-record.ts';
import type { Containers } from '../containers.ts';
import { isAlive } from '../transition.ts';
import type { Removal } from './remove-container.ts';

export type Lifecycle = Pick<
  Containers,
  'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause'
> & {
  /** Stops waiting to restart a container; false when it was not about to. */
  cancelRestart(id: string): boolean;
  restartLater(id: string, delayMs: number): void;
};

const sigkill = 9;
const sigterm = 'SIGTERM';
const defaultTimeoutS = 10;
/** A process that ignores even SIGKILL for this long hangs in the kernel. */
const killPatienceMs = 10_000;

export function createLifecycle(
  parts: EngineParts,
  { remove }: Pick<Removal, 'remove'>,
): Lifecycle {
  /** Waits of the restart policy, by container. */
  const waits = new Map<string, AbortController>();

  function cancelRestart(id: string): boolean {
    const wait = waits.get(id);
    wait?.abort();
    waits.delete(id);
    if (parts.table.get(id)?.state.kind !== 'restarting') return wait !== undefined;
    parts.table.apply(id, { kind: 'restart-canceled' });
    return true;
  }

  /** Within the container's turn. */
  async function startNow(id: string): Promise<boolean> {
    const { state } = parts.table.find(id);
    if (state.kind === 'paused') {
      throw conflict('cannot start a paused container, try unpause instead');
    }
    if (state.kind === 'removing' || state.kind === 'dead') {
      throw conflict('container is marked for removal and cannot be started');
    }
    if (state.kind === 'running') return false;
    cancelRestart(id);
    parts.table.change(id, { stoppedByUser: false, restartCount: 0 });
    try {
      await startRun(parts, id, { delayBeforeMs: 0 });
    } catch (error) {
      if (parts.table.find(id).hostConfig.AutoRemove) parts.later.remove(id);
      throw error;
    }
    return true;
  }

  /** Within the container's turn: to the end of all clearing up. */
  async function stopNow(
    id: string,
    { timeoutS, signal }: { timeoutS?: number; signal?: string } = {},
    change: (run: Run) => void = () => {},
  ): Promise<boolean> {
    const record = parts.table.find(id);
    if (record.state.kind === 'restarting') {
      noteStopped(parts, record);
      return cancelRestart(id);
    }
    const run = parts.runs.get(id);
    if (!run) return false;
    change(run);
    const { StopSignal, StopTimeout } = record.config;
    const seconds = timeoutS ?? StopTimeout ?? defaultTimeoutS;
    await signalRun(parts, record, run, parseSignal(signal ?? (StopSignal || sigterm)));
    if (!(await endsWithin(run, seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000))) {
      await killHard(parts, record, run);
    }
    return true;
  }

  return {
    cancelRestart,
    async start(ref) {
      const { id } = parts.table.find(ref);
      return { changed: await parts.inTurn(id, () => startNow(id)) };
    },
    async stop(ref, options) {
      const { id } = parts.table.find(ref);
      if (options?.signal) parseSignal(options.signal);
      return parts.inTurn(id, async () => {
        const changed = await withContext(`cannot stop container: ${ref}`, () =>
          stopNow(id, options),
        );
        const record = parts.table.get(id);
        if (changed && record) parts.tell(record, 'stop');
        return { changed };
      });
    },
    async restart(ref, options) {
      const { id } = parts.table.find(ref);
      await parts.inTurn(id, () =>
        withContext(`Cannot restart container ${ref}`, async () => {
          await stopNow(id, options, (run) => {
            run.isRestartedByUser = true;
          });
          await startNow(id);
          parts.tell(parts.table.find(id), 'restart');
        }),
      );
    },
    async kill(ref, signal = 'KILL') {
      const number = parseSignal(signal);
      const record = parts.table.find(ref);
      const { id } = record;
      if (record.state.kind === 'restarting') {
        noteStopped(parts, record);
        cancelRestart(id);
        return;
      }
      const run = aliveRun(parts, record);
      await withContext(`Cannot kill container: ${ref}`, async () => {
        if (number === sigkill) await killHard(parts, record, run);
        else await signalRun(parts, record, run, number);
      });
    },
    async pause(ref) {
      const { id } = parts.table.find(ref);
      await parts.inTurn(id, async () => {
        const record = parts.table.find(id);
        if (record.state.kind === 'paused') throw conflict(`Container ${id} is already paused`);
        if (record.state.kind === 'restarting') {
          throw conflict(`Container ${id} is restarting, wait until the container is running`);
        }
        const run = aliveRun(parts, record);
        run.isPausing = true;
        try {
          await Promise.allSettled(run.execStarts);
          await withContext(`cannot pause container ${id}`, () => run.shim.task.pause());
        } finally {
          run.isPausing = false;
        }
        parts.tell(parts.table.apply(id, { kind: 'paused' }), 'pause');
      });
    },
    async unpause(ref) {
      const { id } = parts.table.find(ref);
      await parts.inTurn(id, async () => {
        const record = parts.table.find(id);
        if (record.state.kind !== 'paused') throw conflict(`Container ${id} is not paused`);
        const run = aliveRun(parts, record);
        await withContext(`Cannot unpause container ${id}`, () => run.shim.task.resume());
        parts.tell(parts.table.apply(id, { kind: 'unpaused' }), 'unpause');
      });
    },
    restartLater(id, delayMs) {
      const wait = new AbortController();
      waits.set(id, wait);
      void sleep(delayMs, undefined, { signal: wait.signal, ref: false }).then(
        () => parts.inTurn(id, () => restartNow(id, delayMs)).catch(() => {}),
        () => {},
      );
    },
  };

  async function restartNow(id: string, delayMs: number): Promise<void> {
    if (!waits.delete(id) || parts.table.get(id)?.state.kind !== 'restarting') return;
    try {
      await startRun(parts, id, { delayBeforeMs: delayMs });
    } catch (error) {
      const { hostConfig } = parts.table.find(id);
      parts.waiters.exited(id, { code: 128, error: errorMessage(error) });
      if (hostConfig.AutoRemove) await remove(id, {});
    }
  }
}

function aliveRun({ runs }: EngineParts, { id, state }: ContainerRecord): Run {
  const run = runs.get(id);
  if (!run || !isAlive(state))
    throw conflict(`container ${id} is not running`, { code: 'NOT_RUNNING' });
  return run;
}

/** Sends a signal and notes what it means for restarts (moby, daemon/kill.go). */
async function signalRun(
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

function noteStopped({ table }: EngineParts, { id, stoppedByUser }: ContainerRecord): void {
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

async function endsWithin(run: Run, timeoutMs: number): Promise<boolean> {
  if (timeoutMs === Number.POSITIVE_INFINITY) {
    await run.ended;
    return true;
  }
  const enough = new AbortController();
  const late = sleep(timeoutMs, false, { signal: enough.signal }).catch(() => false);
  // Time is for the process; what clears up after it is always waited for.
  const over = new Promise<boolean>((resolve) => {
    if (run.over.signal.aborted) resolve(true);
    else run.over.signal.addEventListener('abort', () => resolve(true), { once: true });
  });
  const isOver = await Promise.race([over, late]);
  enough.abort();
  if (isOver) await run.ended;
  return isOver;
}

async function withContext<T>(context: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BerthError(errorKind(error), `${context}: ${errorMessage(error)}`, { cause: error });
  }
}
