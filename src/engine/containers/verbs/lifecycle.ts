import { BerthError, conflict, errorKind, errorMessage } from '../../../core/index.ts';
import { parseSignal } from '../../../linux/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import { aliveRun, type Run, untilEndIsNoted } from '../../runs/run.ts';
import { startRun } from '../../runs/start-run.ts';
import type { ContainerRecord } from '../container-record.ts';
import type { Containers } from '../containers.ts';
import { exitOf, notRunning } from '../transition.ts';
import type { Restarts } from './restarts.ts';
import { endsWithin, killHard, noteStopped, signalRun } from './signals.ts';

export type Lifecycle = Pick<
  Containers,
  'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause'
>;

const sigkill = 9;
const sigterm = 'SIGTERM';
const defaultTimeoutS = 10;

/** Starts, stops and all between. */
export function createLifecycle(parts: EngineParts, restarts: Restarts): Lifecycle {
  const { table, inTurn, tell } = parts;
  return {
    async start(ref) {
      const { id } = table.find(ref);
      return { changed: await inTurn(id, () => startNow(parts, restarts, id)) };
    },
    async stop(ref, options) {
      const { id } = table.find(ref);
      if (options?.signal) parseSignal(options.signal);
      return inTurn(id, async () => {
        const changed = await withContext(`cannot stop container: ${ref}`, () =>
          stopNow(parts, restarts, id, options),
        );
        const record = table.get(id);
        if (changed && record) tell(record, 'stop');
        return { changed };
      });
    },
    async restart(ref, options) {
      const { id } = table.find(ref);
      await inTurn(id, () =>
        withContext(`Cannot restart container ${ref}`, async () => {
          await stopNow(parts, restarts, id, {
            ...options,
            change: (run) => {
              run.isRestartedByUser = true;
            },
          });
          await startNow(parts, restarts, id);
          tell(table.find(id), 'restart');
        }),
      );
    },
    kill: (ref, signal = 'KILL') => kill(parts, restarts, ref, signal),
    async pause(ref) {
      const { id } = table.find(ref);
      await inTurn(id, () => pause(parts, id));
    },
    async unpause(ref) {
      const { id } = table.find(ref);
      await inTurn(id, () => unpause(parts, id));
    },
  };
}

/** Within the container's turn. False when it runs already. */
async function startNow(parts: EngineParts, restarts: Restarts, id: string): Promise<boolean> {
  await untilEndIsNoted(parts.runs, id);
  const { state } = parts.table.find(id);
  if (state.kind === 'paused') {
    throw conflict('cannot start a paused container, try unpause instead');
  }
  if (state.kind === 'removing' || state.kind === 'dead') {
    throw conflict('container is marked for removal and cannot be started');
  }
  if (state.kind === 'running') return false;
  restarts.cancel(id);
  parts.table.change(id, { stoppedByUser: false, restartCount: 0 });
  try {
    await startRun(parts, id, { delayBeforeMs: 0 });
  } catch (error) {
    if (parts.table.find(id).hostConfig.AutoRemove) parts.later.remove(id);
    throw error;
  }
  return true;
}

/** Within the container's turn: to the end of all clearing up. False when it does not run. */
async function stopNow(
  parts: EngineParts,
  restarts: Restarts,
  id: string,
  options: { timeoutS?: number; signal?: string; change?: (run: Run) => void } = {},
): Promise<boolean> {
  const record = parts.table.find(id);
  if (record.state.kind === 'restarting') return callOff(parts, restarts, record);
  const run = parts.runs.get(id);
  if (!run) return false;
  options.change?.(run);
  const { StopSignal, StopTimeout } = record.config;
  const seconds = options.timeoutS ?? StopTimeout ?? defaultTimeoutS;
  const signal = parseSignal(options.signal ?? (StopSignal || sigterm));
  await signalRun(parts, record, run, signal);
  const timeoutMs = seconds < 0 ? Number.POSITIVE_INFINITY : seconds * 1000;
  if (!(await endsWithin(run, timeoutMs))) await killHard(parts, record, run);
  return true;
}

/** Stops a container that is about to start again: its last end was the end. */
function callOff(parts: EngineParts, restarts: Restarts, record: ContainerRecord): boolean {
  noteStopped(parts, record);
  const wasWaiting = restarts.cancel(record.id);
  parts.waiters.exited(record.id, { code: exitOf(record.state)?.code ?? 0 });
  return wasWaiting;
}

/** Not in the container's turn: a stop that waits must not keep a kill waiting. */
async function kill(
  parts: EngineParts,
  restarts: Restarts,
  ref: string,
  signal: string,
): Promise<void> {
  const number = parseSignal(signal);
  const record = parts.table.find(ref);
  if (record.state.kind === 'restarting') {
    callOff(parts, restarts, record);
    return;
  }
  const run = aliveRun(parts, record);
  await withContext(`Cannot kill container: ${ref}`, async () => {
    if (number === sigkill) await killHard(parts, record, run);
    else await signalRun(parts, record, run, number);
  });
}

async function pause(parts: EngineParts, id: string): Promise<void> {
  await untilEndIsNoted(parts.runs, id);
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
  } catch (error) {
    // It ended just now, and the runtime has other words for that.
    throw (await isOver(run)) ? notRunning(id) : error;
  } finally {
    run.isPausing = false;
  }
  parts.tell(parts.table.apply(id, { kind: 'paused' }), 'pause');
}

async function isOver({ shim, over }: Run): Promise<boolean> {
  if (over.signal.aborted) return true;
  return shim.task.state().then(
    ({ status }) => status === 'stopped',
    () => true,
  );
}

async function unpause(parts: EngineParts, id: string): Promise<void> {
  const record = parts.table.find(id);
  if (record.state.kind !== 'paused') throw conflict(`Container ${id} is not paused`);
  const run = aliveRun(parts, record);
  await withContext(`Cannot unpause container ${id}`, () => run.shim.task.resume());
  parts.tell(parts.table.apply(id, { kind: 'unpaused' }), 'unpause');
}

async function withContext<T>(context: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new BerthError(errorKind(error), `${context}: ${errorMessage(error)}`, { cause: error });
  }
}
