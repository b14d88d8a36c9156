import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BerthError, errnoCode, errorMessage, invalid } from '../../core/index.ts';
import type { Compression } from '../../image/index.ts';

const outputBytes = 256 * 1024;

/** The plain bytes; throws `invalid` on a damaged or cut stream. Decompression has a thread of libuv. */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
): AsyncGenerator<Uint8Array> {
  if (compression === 'none') return yield* source;
  const options = { chunkSize: outputBytes };
  const stream = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  let failure: unknown;
  const input = Readable.from(source, { objectMode: true, highWaterMark: 2 });
  pipeline(input, stream, (error) => {
    failure = error;
  });
  try {
    for await (const bytes of stream) yield bytes as Uint8Array;
  } catch (error) {
    throw plainError(failure ?? error, compression);
  } finally {
    stream.destroy();
    input.destroy();
  }
}

function plainError(error: unknown, compression: Compression): unknown {
  const code = (error as { code?: unknown }).code;
  const fromZlib = typeof code === 'string' && /^(Z_|ZSTD_|ERR_ZSTD)/.test(code);
  if (error instanceof BerthError || errnoCode(error) !== undefined || !fromZlib) return error;
  return invalid(`decompress ${compression}: ${errorMessage(error)}`, { cause: error });
}

/**
 * The plain bytes of a stream whose compression its first bytes tell: media types are sometimes
 * wrong, and other engines go by the bytes too.
 */
export async function sniffing(
  source: AsyncIterable<Uint8Array>,
): Promise<{ compression: Compression; bytes: AsyncGenerator<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let startBytes = 0;
  while (startBytes < 4) {
    const { done, value } = await iterator.next();
    if (done) break;
    start.push(value);
    startBytes += value.length;
  }
  const compression = sniffCompression(Buffer.concat(start));
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* start;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { compression, bytes: decompress(whole(), compression) };
}

/** Which compression a file begins with, told by its first bytes (at least 4, or all there are). */
export function sniffCompression(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  const isZstd = start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd;
  return isZstd ? 'zstd' : 'none';
}
