import { rm } from 'node:fs/promises';
import { BerthError, conflict, errorKind, errorMessage } from '../../../core/index.ts';
import { containerPaths, type EngineParts } from '../../engine-parts.ts';
import { untilEndIsNoted } from '../../runs/run.ts';
import type { ContainerRecord } from '../container-record.ts';
import { exitOf, isAlive } from '../transition.ts';
import { dropVolumes } from './create-container.ts';
import type { Restarts } from './restarts.ts';
import { killHard } from './signals.ts';

export interface Removal {
  remove(ref: string, options?: { force?: boolean; volumes?: boolean }): Promise<void>;
  /** Goes on with a removal that a crash cut short; the caller holds the container's turn. */
  finish(record: ContainerRecord, options: { volumes: boolean }): Promise<void>;
}

export function createRemoval(
  parts: EngineParts,
  options: { restarts: Pick<Restarts, 'cancel'>; forgetExecs: (id: string) => void },
): Removal {
  /** Not in the container's turn: a stop that waits must not keep a removal by force waiting. */
  async function killFirst(id: string): Promise<void> {
    const record = parts.table.find(id);
    const run = parts.runs.get(id);
    if (!run || !isAlive(record.state)) return;
    // The end of the run must not start a removal of its own.
    run.isRestartedByUser = true;
    await killHard(parts, record, run);
  }

  async function removeNow(
    id: string,
    { force = false, volumes = false }: { force?: boolean; volumes?: boolean },
  ): Promise<void> {
    await untilEndIsNoted(parts.runs, id);
    const record = parts.table.get(id);
    // Removed by someone else while this waited for its turn.
    if (!record) return;
    const { state } = record;
    if (state.kind === 'running' || state.kind === 'paused' || state.kind === 'restarting') {
      if (!force) throw refuse(state.kind);
      options.restarts.cancel(id);
      // Started again since.
      await killFirst(id);
    }
    await finish(parts.table.apply(id, { kind: 'removal-begun' }), { volumes });
  }

  async function finish(record: ContainerRecord, { volumes }: { volumes: boolean }): Promise<void> {
    const { id } = record;
    const { statePath } = containerPaths(parts.paths, id);
    try {
      await parts.snapshots.remove(id);
      await rm(statePath, { recursive: true, force: true });
      if (volumes) await dropVolumes(parts, id);
      else parts.volumes.release(id);
    } catch (error) {
      parts.table.apply(id, { kind: 'removal-failed' });
      throw error;
    }
    parts.table.delete(id);
    options.forgetExecs(id);
    const exit = exitOf(record.state);
    parts.tell(record, 'destroy');
    parts.waiters.removed(id, { code: exit?.code ?? 0, ...(exit?.error && { error: exit.error }) });
  }

  return {
    finish,
    async remove(ref, how = {}) {
      const { id, state } = parts.table.find(ref);
      if (state.kind === 'removing') {
        throw conflict(`removal of container ${ref} is already in progress`);
      }
      try {
        if (how.force) await killFirst(id);
        await parts.inTurn(id, () => removeNow(id, how));
      } catch (error) {
        const message = `cannot remove container "${ref}": ${errorMessage(error)}`;
        throw new BerthError(errorKind(error), message, { cause: error });
      }
    },
  };
}

function refuse(state: 'running' | 'paused' | 'restarting'): Error {
  if (state === 'paused') return conflict('container is paused and must be unpaused first');
  return conflict(`container is ${state}: stop the container before removing or force remove`, {
    code: 'CONTAINER_RUNNING',
  });
}
