/**
 * Runs works with at most so many at once; the others wait in the order in which they came. Throws
 * the signal's reason when it is aborted before the work began.
 */
export type Limit = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function limit(most: number): Limit {
  let running = 0;
  const waiting = new Set<() => void>();

  async function placeOfAnother(signal?: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>();
    waiting.add(turn.resolve);
    const leave = () => {
      // Who is not waiting any more has been given the place, and gives it back himself.
      if (waiting.delete(turn.resolve)) turn.reject(signal!.reason);
    };
    signal?.addEventListener('abort', leave);
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  function leavePlace(): void {
    const [next] = waiting;
    if (next === undefined) {
      running--;
      return;
    }
    waiting.delete(next);
    next();
  }

  return async (work, signal) => {
    signal?.throwIfAborted();
    if (running < most) running++;
    else await placeOfAnother(signal);
    try {
      return await work();
    } finally {
      leavePlace();
    }
  };
}
