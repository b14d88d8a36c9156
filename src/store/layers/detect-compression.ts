import { unsupported } from '../../core/index.ts';
import { type Compression, decompress, sniffCompression } from '../../image/index.ts';

const longestMagic = 6;

/**
 * The plain bytes of a stream whose compression its first bytes tell: media types are sometimes
 * wrong, and other engines go by the bytes too. Throws `unsupported` for bzip2 and xz.
 */
export async function detectCompression(
  source: AsyncIterable<Uint8Array>,
): Promise<{ compression: Compression; plain: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let startBytes = 0;
  while (startBytes < longestMagic) {
    const { done, value } = await iterator.next();
    if (done) break;
    start.push(value);
    startBytes += value.length;
  }
  const compression = sniffCompression(Buffer.concat(start));
  if (compression === 'bzip2' || compression === 'xz') {
    await iterator.return?.();
    throw unsupported(`unpack layer: it is compressed with ${compression}`);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      yield* start;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      // Also for a reader that leaves at the start.
      await iterator.return?.();
    }
  }
  return { compression, plain: decompress(whole(), compression) };
}
