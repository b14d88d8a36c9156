import { canceled } from '../../core/index.ts';
import type { WaitCondition } from './containers.ts';

export interface WaitResult {
  readonly code: number;
  readonly error?: string;
}

/** Who waits for containers to end or to be removed. */
export interface Waiters {
  /** Rejects with `canceled` on abort. */
  wait(id: string, condition: WaitCondition, signal?: AbortSignal): Promise<WaitResult>;
  exited(id: string, result: WaitResult): void;
  removed(id: string, result: WaitResult): void;
}

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

export function createWaiters(): Waiters {
  const waiting = new Map<string, Set<Waiter>>();
  function settle(id: string, result: WaitResult, isMet: (condition: WaitCondition) => boolean) {
    for (const waiter of waiting.get(id) ?? []) {
      if (isMet(waiter.condition)) waiter.resolve(result);
    }
  }
  return {
    wait(id, condition, signal) {
      return new Promise((resolve, reject) => {
        const set = waiting.get(id) ?? new Set();
        waiting.set(id, set);
        const leave = () => {
          signal?.removeEventListener('abort', abort);
          set.delete(waiter);
          if (set.size === 0) waiting.delete(id);
        };
        const abort = () => {
          leave();
          reject(canceled(`wait for container ${id}: aborted`));
        };
        const waiter: Waiter = {
          condition,
          resolve(result) {
            leave();
            resolve(result);
          },
        };
        set.add(waiter);
        if (signal?.aborted) abort();
        else signal?.addEventListener('abort', abort, { once: true });
      });
    },
    exited: (id, result) => settle(id, result, (condition) => condition !== 'removed'),
    removed: (id, result) => settle(id, result, () => true),
  };
}
