/**
 * Joins pieces that are ready at the same time into chunks of at least `sizeBytes` (the last of a
 * burst may be smaller), so that many small lines cost few writes. Nothing is held back: what is
 * there goes out as soon as the source has to wait.
 */
export async function* coalesce(
  source: AsyncIterable<Uint8Array>,
  sizeBytes = 32 * 1024,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const take = () => {
    const chunk = gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered, gatheredBytes);
    gathered = [];
    gatheredBytes = 0;
    return chunk;
  };
  try {
    for (;;) {
      const next = iterator.next();
      if (gatheredBytes > 0 && !(await settlesSoon(next))) yield take();
      const { value, done } = await next;
      if (done) break;
      gathered.push(value);
      gatheredBytes += value.length;
      if (gatheredBytes >= sizeBytes) yield take();
    }
    if (gatheredBytes > 0) yield take();
  } finally {
    await iterator.return?.();
  }
}

/** Whether the promise settles before the event loop turns. */
function settlesSoon(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const later = setImmediate(() => resolve(false));
    const settled = () => {
      clearImmediate(later);
      resolve(true);
    };
    promise.then(settled, settled);
  });
}
