import { notFound, unlessAborted } from '../../../core/index.ts';

/** Values by name, some of which are asked for shortly before they come. */
export interface AwaitedMap<T> {
  has(name: string): boolean;
  set(name: string, value: T): void;
  delete(name: string): void;
  /** Waits a while for the name. Throws `not-found` with this message, or the signal's reason. */
  get(name: string, options: { missing: string; signal: AbortSignal }): Promise<T>;
}

/** A client's requests arrive side by side, in any order. */
const patienceMs = 5000;

export function createAwaitedMap<T>(): AwaitedMap<T> {
  const values = new Map<string, T>();
  const awaited = new Map<string, Set<(value: T) => void>>();
  return {
    has: (name) => values.has(name),
    set(name, value) {
      values.set(name, value);
      for (const give of awaited.get(name) ?? []) give(value);
    },
    delete: (name) => void values.delete(name),
    async get(name, { missing, signal }) {
      const found = values.get(name);
      if (found !== undefined) return found;
      const waiting = awaited.get(name) ?? new Set();
      awaited.set(name, waiting);
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const timer = setTimeout(() => reject(notFound(missing)), patienceMs);
      waiting.add(resolve);
      try {
        return await unlessAborted(promise, signal);
      } finally {
        clearTimeout(timer);
        waiting.delete(resolve);
        if (waiting.size === 0) awaited.delete(name);
      }
    },
  };
}
