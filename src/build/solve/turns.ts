import { unlessAborted } from '../../core/index.ts';

/** One after the other, in the order in which they asked, for each key by itself. */
export interface Turns {
  /** Dispose ends the turn. Throws the signal's reason when it is aborted before. */
  take(key: string, signal?: AbortSignal): Promise<Disposable>;
}

export function createTurns(): Turns {
  /** When the last who asked for a key will be done. */
  const ends = new Map<string, Promise<void>>();
  return {
    async take(key, signal) {
      const before = ends.get(key) ?? Promise.resolve();
      const turn = Promise.withResolvers<void>();
      const mine = before.then(() => turn.promise);
      ends.set(key, mine);
      const end = (): void => {
        turn.resolve();
        if (ends.get(key) === mine) ends.delete(key);
      };
      try {
        await (signal ? unlessAborted(before, signal) : before);
      } catch (error) {
        end();
        throw error;
      }
      return { [Symbol.dispose]: end };
    },
  };
}
