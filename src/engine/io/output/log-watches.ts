import type { WorkerLink } from './worker-link.ts';

/** Who wants to know when the log of a container grows. */
export interface LogWatches {
  /** No growth is missed from when this resolves, until the function given back is called. */
  watch(id: string, listener: () => void): Promise<() => void>;
  grew(id: string): void;
}

interface Watch {
  readonly listeners: Set<() => void>;
  /** The worker knows of it. */
  readonly begun: Promise<void>;
}

export function createLogWatches(link: Pick<WorkerLink, 'ask' | 'tell'>): LogWatches {
  const watches = new Map<string, Watch>();
  return {
    async watch(id, listener) {
      const watch = watches.get(id) ?? {
        listeners: new Set(),
        begun: link.ask({ kind: 'watch-log', id, on: true }),
      };
      watches.set(id, watch);
      watch.listeners.add(listener);
      await watch.begun;
      return () => {
        watch.listeners.delete(listener);
        if (watch.listeners.size > 0 || watches.get(id) !== watch) return;
        watches.delete(id);
        link.tell({ kind: 'watch-log', id, on: false });
      };
    },
    grew(id) {
      for (const listener of watches.get(id)?.listeners ?? []) listener();
    },
  };
}
