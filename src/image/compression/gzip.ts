import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import type { ByteStream } from '../../core/index.ts';
import { blockStrategy } from './block-strategy.ts';
import { storedBlocks } from './stored-blocks.ts';

/*
 * One gzip member whose blocks are deflated side by side, as pigz does: each block knows the 32 KiB
 * before it as its dictionary, and ends on a byte. The cut into blocks depends on the data alone,
 * so the bytes do not depend on the number of threads or on how the stream came in pieces.
 */

const blockBytes = 512 * 1024;
const windowBytes = 32 * 1024;
/** libuv's pool has four threads, which others need too. */
const mostAtOnce = Math.max(1, Math.min(availableParallelism(), 4));

const deflate = promisify(deflateRaw) as (block: Uint8Array, options: object) => Promise<Buffer>;

/** Compresses to gzip with the header of one who knows neither name nor time. */
export async function* gzip(stream: ByteStream, { level }: { level: number }): ByteStream {
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, level >= 9 ? 2 : level === 1 ? 4 : 0, 0xff]);
  const pending: Promise<Buffer>[] = [];
  let window: Uint8Array | undefined;
  let checksum = 0;
  let sizeBytes = 0;
  try {
    for await (const { block, isLast } of blocksOf(stream)) {
      checksum = crc32(block, checksum);
      sizeBytes += block.length;
      const job = deflateBlock(block, { level, window, isLast });
      // Should the stream fail, nobody waits for this block any more.
      job.catch(() => undefined);
      pending.push(job);
      window = block.subarray(Math.max(0, block.length - windowBytes));
      if (pending.length > mostAtOnce) yield (await pending.shift())!;
    }
    while (pending.length > 0) yield (await pending.shift())!;
  } finally {
    await Promise.allSettled(pending);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(sizeBytes % 2 ** 32, 4);
  yield trailer;
}

async function deflateBlock(
  block: Uint8Array,
  options: { level: number; window: Uint8Array | undefined; isLast: boolean },
): Promise<Buffer> {
  const { level, window, isLast } = options;
  const how = blockStrategy(block, level);
  if (how.level === 0) return storedBlocks(block, isLast);
  const looksBack = window && how.strategy !== constants.Z_HUFFMAN_ONLY;
  return deflate(block, {
    ...how,
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    chunkSize: blockBytes / 2,
    ...(looksBack && { dictionary: window }),
  });
}

/** The stream in blocks of exactly `blockBytes` but for the last, which may be empty. */
async function* blocksOf(
  stream: ByteStream,
): AsyncGenerator<{ block: Uint8Array; isLast: boolean }> {
  let block: Uint8Array = Buffer.allocUnsafeSlow(blockBytes);
  let filled = 0;
  for await (const chunk of stream) {
    let at = 0;
    while (at < chunk.length) {
      // Held back until more comes, so that the last block is known as such.
      if (filled === blockBytes) {
        yield { block, isLast: false };
        filled = 0;
        if (chunk.length - at === blockBytes) {
          block = chunk.subarray(at);
          filled = blockBytes;
          break;
        }
        block = Buffer.allocUnsafeSlow(blockBytes);
      }
      const taken = Math.min(blockBytes - filled, chunk.length - at);
      block.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
    }
  }
  yield { block: block.subarray(0, filled), isLast: true };
}
