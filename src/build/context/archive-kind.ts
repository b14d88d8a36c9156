import { createReadStream } from 'node:fs';
import { type ByteStream, errorKind } from '../../core/index.ts';
import { decompress, sniffCompression } from '../../image/index.ts';
import type { Decompressors } from '../ports.ts';

const blockBytes = 512;
const magicOffset = 257;
const checksumField = { start: 148, end: 156 };

/** Opens archives in whatever compression tar knows, as far as there are programs for it. */
export interface Archives {
  /** Does a file of the builder's own hold a tar? */
  isTar(path: string, signal: AbortSignal): Promise<boolean>;
  /** The file's bytes, without xz or bzip2; gzip and zstd stay, as `Trees.unpack` reads them. */
  open(path: string, signal: AbortSignal): Promise<ByteStream>;
}

export function createArchives(decompressors: Decompressors | undefined): Archives {
  async function open(path: string, signal: AbortSignal): Promise<ByteStream> {
    const compression = sniffCompression(await headOf(fileBytes(path), 6));
    const stream = fileBytes(path);
    if (compression !== 'xz' && compression !== 'bzip2') return stream;
    return decompressors ? decompressors.decompress(compression, stream, signal) : stream;
  }

  return {
    open,
    async isTar(path, signal) {
      try {
        const head = await headOf(fileBytes(path), 6);
        const compression = sniffCompression(head);
        const plain = await open(path, signal);
        const stream =
          compression === 'gzip' || compression === 'zstd' ? decompress(plain, compression) : plain;
        return isTarHeader(await headOf(stream, blockBytes));
      } catch (error) {
        signal.throwIfAborted();
        // Damaged in its first bytes: whatever it is, it is copied as it stands.
        if (errorKind(error) === 'invalid') return false;
        throw error;
      }
    },
  };
}

/** Opens the file when it is first read. */
async function* fileBytes(path: string): ByteStream {
  yield* createReadStream(path);
}

/** The first bytes of a stream, which is closed then. */
async function headOf(stream: ByteStream, sizeBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= sizeBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, sizeBytes);
}

/** A header of any of tar's formats: the magic of POSIX and GNU, or a checksum that is right. */
function isTarHeader(block: Buffer): boolean {
  if (block.length < blockBytes) return false;
  if (block.toString('latin1', magicOffset, magicOffset + 5) === 'ustar') return true;
  const { start, end } = checksumField;
  const stated = Number.parseInt(block.toString('latin1', start, end).replace(/\0.*$/s, ''), 8);
  let sum = 0;
  for (const [at, byte] of block.entries()) sum += at >= start && at < end ? 0x20 : byte;
  return block[0] !== 0 && stated === sum;
}
