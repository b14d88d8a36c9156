import { errorMessage } from '../../core/index.ts';

/** Waits for removals that no build needs to wait for. */
export interface Sweeper {
  sweep(removal: Promise<void>): void;
  /** Waits for those under way. */
  settled(): Promise<void>;
}

/** `onError` is told what failed; a warning of the process, when absent. */
export function createSweeper(
  onError: (error: unknown) => void = (error) =>
    process.emitWarning(`clear up after a build: ${errorMessage(error)}`),
): Sweeper {
  const sweeping = new Set<Promise<void>>();
  return {
    sweep(removal) {
      const swept: Promise<void> = removal.catch(onError).finally(() => sweeping.delete(swept));
      sweeping.add(swept);
    },
    async settled() {
      while (sweeping.size > 0) await Promise.all(sweeping);
    },
  };
}
