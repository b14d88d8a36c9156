/** Lets so many pieces of work run at once; the others wait in the order in which they came. */
export interface Slots {
  /** Throws the signal's reason when it is aborted before a slot is free. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function createSlots(count: number): Slots {
  let free = count;
  const waiting = new Set<() => void>();

  async function acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (free > 0) {
      free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    waiting.add(turn.resolve);
    const give = () => {
      // Once called, the turn has been handed over and is not waiting any more.
      if (waiting.delete(turn.resolve)) turn.reject(signal.reason);
    };
    signal.addEventListener('abort', give);
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', give);
    }
  }

  function release(): void {
    const [next] = waiting;
    if (next === undefined) {
      free++;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    async run(work, signal) {
      await acquire(signal);
      try {
        return await work();
      } finally {
        release();
      }
    },
  };
}
