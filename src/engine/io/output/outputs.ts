import { compressLog } from './compress-log.ts';
import { createListeners, type Listening, type ListenOptions } from './listeners.ts';
import { createLogWatches } from './log-watches.ts';
import type { OpenOptions, Report } from './messages.ts';
import { createWorkerLink } from './worker-link.ts';

/** Output of all running containers: taken from their fifos, logged, and passed to who listens. */
export interface Outputs extends AsyncDisposable {
  /** A container is about to be opened: what takes its output is started meanwhile. */
  getReady(): void;
  /** Begins with a container whose fifos exist. */
  open(options: OpenOptions): Promise<void>;
  isOpen(id: string): boolean;
  /** Resolves when every stream of an open container has ended; at once when it is not open. */
  ended(id: string): Promise<void>;
  /** The container has ended: takes what it left at once, however far its listeners are behind. */
  takeRest(id: string): void;
  /** Logs what is left and lets go of the container; who listens still gets it all. */
  close(id: string): Promise<void>;
  /** Everything from there on. Throws `not-found` when the container is not open. */
  listen(id: string, options: ListenOptions): Promise<Listening>;
  /**
   * Calls back after each growth of a container's log, none missed from when this resolves, until
   * the function given back is called.
   */
  watchLog(id: string, listener: () => void): Promise<() => void>;
  /** Dispose leaves fifos and journals for the next daemon. */
}

/**
 * A worker does it all, and is there while anything is open; `onFailure` is told when it dies, which
 * nothing can mend.
 */
export function createOutputs(options: {
  onFailure: (error: Error) => void;
  idleMs?: number;
}): Outputs {
  const endings = new Map<string, { promise: Promise<void>; resolve: () => void }>();
  const link = createWorkerLink({
    ...options,
    onReport,
    isNeeded: () => endings.size > 0 || listeners.count > 0,
  });
  const listeners = createListeners(link);
  const watches = createLogWatches(link);

  function onReport(report: Report): void {
    switch (report.kind) {
      case 'output':
        listeners.deliver(report.subscriber, report);
        break;
      case 'cut-off':
      case 'subscriber-done':
        listeners.end(report.subscriber);
        break;
      case 'ended':
        endings.get(report.id)?.resolve();
        break;
      case 'log-grew':
        watches.grew(report.id);
        break;
      case 'rotated':
        void compressLog(report.path);
        break;
    }
  }

  return {
    getReady: link.getReady,
    async open(open) {
      endings.set(open.id, Promise.withResolvers<void>());
      try {
        await link.ask({ kind: 'open', options: open });
      } catch (error) {
        endings.delete(open.id);
        throw error;
      }
    },
    isOpen: (id) => endings.has(id),
    async ended(id) {
      await endings.get(id)?.promise;
    },
    takeRest: (id) => link.tell({ kind: 'take-rest', id }),
    async close(id) {
      await link.ask({ kind: 'close', id });
      endings.get(id)?.resolve();
      endings.delete(id);
      watches.grew(id);
    },
    listen: listeners.listen,
    watchLog: watches.watch,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}
