import type { ByteStream } from '../../core/index.ts';

/**
 * Turns a run that calls back with bytes into a stream that is read at its reader's pace. A reader
 * who leaves early aborts the signal, and waits until the run is over.
 */
export async function* outputStream(
  start: (onOutput: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal | undefined,
): ByteStream {
  const leaving = new AbortController();
  const ready: Uint8Array[] = [];
  let taken: (() => void) | undefined;
  let wake: (() => void) | undefined;
  let end: { failure?: unknown } | undefined;
  async function onOutput(bytes: Uint8Array): Promise<void> {
    if (leaving.signal.aborted) return;
    ready.push(bytes);
    const isTaken = new Promise<void>((resolve) => {
      taken = resolve;
    });
    wake?.();
    await isTaken;
  }
  const running = start(
    onOutput,
    signal ? AbortSignal.any([signal, leaving.signal]) : leaving.signal,
  )
    .then(() => {
      end = {};
    })
    .catch((failure) => {
      end = { failure };
    })
    .finally(() => wake?.());
  try {
    for (;;) {
      const bytes = ready.shift();
      if (bytes) {
        taken?.();
        yield bytes;
      } else if (end) {
        if ('failure' in end) throw end.failure;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    leaving.abort();
    taken?.();
    await running;
  }
}
