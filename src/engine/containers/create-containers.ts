import type { EngineParts } from '../engine-parts.ts';
import { aliveRun } from '../runs/run.ts';
import type { Containers } from './containers.ts';
import { exitOf, isAlive } from './transition.ts';
import { changesOf } from './verbs/changes.ts';
import { createContainer } from './verbs/create-container.ts';
import type { Lifecycle } from './verbs/lifecycle.ts';
import type { Removal } from './verbs/remove-container.ts';
import { renameContainer } from './verbs/rename-container.ts';
import { statsOf } from './verbs/stats.ts';
import { topOf } from './verbs/top.ts';
import { updateContainer } from './verbs/update-container.ts';

/** Puts the verbs together. */
export function createContainers(
  parts: EngineParts,
  {
    start,
    stop,
    restart,
    kill,
    pause,
    unpause,
    remove,
  }: Pick<Lifecycle, 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause'> &
    Pick<Removal, 'remove'>,
): Containers {
  const { table } = parts;
  return {
    create: (request) => createContainer(parts, request),
    get: (ref) => table.find(ref),
    list: () => table.list(),
    start,
    stop,
    restart,
    kill,
    pause,
    unpause,
    remove,
    rename: (ref, name) => renameContainer(parts, ref, name),
    update: (ref, change) => updateContainer(parts, ref, change),
    async wait(ref, condition, signal) {
      const { id, state } = table.find(ref);
      const isOver = !isAlive(state) && state.kind !== 'restarting';
      if (condition === 'not-running' && isOver) {
        const exit = exitOf(state);
        return { code: exit?.code ?? 0, ...(exit?.error && { error: exit.error }) };
      }
      return parts.waiters.wait(id, condition, signal);
    },
    async resize(ref, size) {
      const record = table.find(ref);
      await aliveRun(parts, record).shim.task.resize(size);
      const { rows: height, columns: width } = size;
      parts.tell(record, 'resize', { height: String(height), width: String(width) });
    },
    top: (ref, psArgs) => topOf(parts, ref, psArgs),
    stats: async (ref) => statsOf(parts, ref),
    changes: (ref) => changesOf(parts, ref),
  };
}
