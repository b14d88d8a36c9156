import { errorMessage } from '../core/index.ts';
import type { ImageStore, Store } from '../store/index.ts';
import type { EmbeddedRegistry } from './open-registry.ts';

const soonMs = 30_000;
const regularlyMs = 3_600_000;

/** Collects garbage every hour, and soon after images were deleted. Dispose stops it. */
export function keepHouse(options: {
  store: Pick<Store, 'collectGarbage'>;
  images: Pick<ImageStore, 'onChange'>;
  registry: Pick<EmbeddedRegistry, 'sweep'>;
  warn: (message: string) => void;
}): AsyncDisposable {
  const { store, images, registry, warn } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  function schedule(delayMs: number): void {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      // One after the other: a collection may take longer than the wait for the next.
      running = running.then(clean);
    }, delayMs);
    timer.unref();
  }

  async function clean(): Promise<void> {
    try {
      await registry.sweep();
      await store.collectGarbage({ signal: stopping.signal });
    } catch (error) {
      if (!stopping.signal.aborted) warn(`collect garbage: ${errorMessage(error)}`);
    }
    schedule(regularlyMs);
  }

  images.onChange(({ kind }) => {
    if (kind === 'delete') schedule(soonMs);
  });
  schedule(soonMs);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
