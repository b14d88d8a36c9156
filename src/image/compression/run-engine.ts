import { once } from 'node:events';
import type { Transform } from 'node:stream';
import type { ByteStream } from '../../core/index.ts';

/**
 * Passes a stream through one of node:zlib's engines, which work in libuv's pool. Whichever of
 * input, engine and reader fails or leaves first, the others are closed and that cause is thrown.
 */
export async function* runEngine(stream: ByteStream, engine: Transform): ByteStream {
  const feeding = feed(stream, engine);
  // The failure reaches the reader through the engine; here it only must not count as unhandled.
  feeding.catch((error) => engine.destroy(error));
  try {
    yield* engine as ByteStream;
    await feeding;
  } finally {
    engine.destroy();
  }
}

async function feed(stream: ByteStream, engine: Transform): Promise<void> {
  const leaving = new AbortController();
  engine.once('close', () => leaving.abort());
  for await (const chunk of stream) {
    if (engine.destroyed) return;
    // After its own end of data an engine ignores what follows, which is read up all the same.
    if (engine.readableEnded || engine.write(chunk)) continue;
    try {
      await once(engine, 'drain', { signal: leaving.signal });
    } catch (error) {
      if (leaving.signal.aborted) return;
      throw error;
    }
  }
  engine.end();
}
