import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../../core/index.ts';
import type { EngineParts } from '../../engine-parts.ts';
import { startRun } from '../../runs/start-run.ts';

/** Containers that the restart policy will start again after a while. */
export interface Restarts {
  /** Starts it in its turn, unless called off before. */
  later(id: string, delayMs: number): void;
  /** False when it was not about to start. */
  cancel(id: string): boolean;
}

/** What clients see of an attempt that failed. */
const failedCode = 128;

export function createRestarts(parts: EngineParts): Restarts {
  const waits = new Map<string, AbortController>();

  async function restart(id: string, delayMs: number): Promise<void> {
    if (!waits.delete(id) || parts.table.get(id)?.state.kind !== 'restarting') return;
    try {
      await startRun(parts, id, { delayBeforeMs: delayMs });
    } catch (error) {
      parts.waiters.exited(id, { code: failedCode, error: errorMessage(error) });
      if (parts.table.get(id)?.hostConfig.AutoRemove) parts.later.remove(id);
    }
  }

  return {
    later(id, delayMs) {
      const wait = new AbortController();
      waits.set(id, wait);
      sleep(delayMs, undefined, { signal: wait.signal, ref: false }).then(
        () => void parts.inTurn(id, () => restart(id, delayMs)),
        () => {
          // Called off.
        },
      );
    },
    cancel(id) {
      const wait = waits.get(id);
      wait?.abort();
      waits.delete(id);
      if (parts.table.get(id)?.state.kind !== 'restarting') return wait !== undefined;
      parts.table.apply(id, { kind: 'restart-canceled' });
      return true;
    },
  };
}
