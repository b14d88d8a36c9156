import type { ByteStream } from '../../../core/index.ts';
import { createAwaitedMap } from '../buildkit/awaited-map.ts';

/** Contexts that come in a request of their own, beside that of the build (`docker build -`). */
export interface Uploads {
  /** Offers a body to the build of this id; settles when it is read or nobody wants it any more. */
  offer(id: string, body: ByteStream, signal: AbortSignal): Promise<void>;
  /** The body offered to a build, which may be about to come. Throws `not-found`. */
  take(id: string, signal: AbortSignal): Promise<ByteStream>;
}

const patienceMs = 10_000;

export function createUploads(): Uploads {
  const bodies = createAwaitedMap<ByteStream>();
  return {
    async offer(id, body, signal) {
      const done = Promise.withResolvers<void>();
      const giveUp = setTimeout(done.resolve, patienceMs);
      signal.addEventListener('abort', () => done.resolve());
      bodies.set(id, taken(body, giveUp, done.resolve));
      try {
        await done.promise;
      } finally {
        clearTimeout(giveUp);
        bodies.delete(id);
      }
    },
    take: (id, signal) =>
      bodies.get(id, { missing: 'build: the context was not uploaded', signal }),
  };
}

async function* taken(body: ByteStream, giveUp: NodeJS.Timeout, done: () => void): ByteStream {
  clearTimeout(giveUp);
  try {
    yield* body;
  } finally {
    done();
  }
}
