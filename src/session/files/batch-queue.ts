/**
 * Batches from one writer to one reader. `push` gives a promise when more waits than should; it
 * settles once the reader has caught up or left.
 */
export interface BatchQueue<T> extends AsyncIterable<readonly T[]> {
  push(batch: readonly T[], weight: number): Promise<void> | undefined;
  end(): void;
  /** What waits is still given; then the reader is thrown this. */
  fail(error: unknown): void;
}

/** `limit` bounds the sum of the weights that wait before `push` asks for patience. */
export function createBatchQueue<T>(limit: number): BatchQueue<T> {
  let waiting: (readonly T[])[] = [];
  let weightWaiting = 0;
  let ending: { error?: unknown } | undefined;
  let hasLeft = false;
  let wakeReader = () => {};
  let caughtUp = Promise.withResolvers<void>();

  function finish(how: { error?: unknown }): void {
    ending ??= how;
    wakeReader();
    caughtUp.resolve();
  }

  async function* read(): AsyncGenerator<readonly T[]> {
    try {
      for (;;) {
        const batches = waiting;
        waiting = [];
        weightWaiting = 0;
        caughtUp.resolve();
        if (batches.length > 0) {
          yield batches.length === 1 ? batches[0]! : batches.flat();
        } else if (ending) {
          if ('error' in ending) throw ending.error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      }
    } finally {
      hasLeft = true;
      caughtUp.resolve();
    }
  }

  const reading = read();
  return {
    push(batch, weight) {
      if (ending || hasLeft || batch.length === 0) return undefined;
      waiting.push(batch);
      weightWaiting += weight;
      wakeReader();
      if (weightWaiting < limit) return undefined;
      caughtUp = Promise.withResolvers();
      return caughtUp.promise;
    },
    end: () => finish({}),
    fail: (error) => finish({ error }),
    [Symbol.asyncIterator]: () => reading,
  };
}
