import { constants, createGunzip, createZstdCompress, createZstdDecompress } from 'node:zlib';
import {
  BerthError,
  type ByteStream,
  errorMessage,
  invalid,
  unsupported,
} from '../../core/index.ts';
import type { Compression } from '../manifest/media-types.ts';
import { gzip } from './gzip.ts';
import { runEngine } from './run-engine.ts';
import { zstdFrames } from './zstd-frames.ts';

/** Large pieces keep the number of trips to libuv's pool small. */
const chunkSize = 256 * 1024;

export interface CompressOptions {
  /** 1 to 9 for gzip (default 6), 1 to 22 for zstd (default 3). */
  readonly level?: number;
}

/** Compresses in libuv's pool; the same input and level always give the same bytes. */
export function compress(
  stream: ByteStream,
  compression: Compression,
  { level }: CompressOptions = {},
): ByteStream {
  switch (compression) {
    case 'none':
      return stream;
    case 'gzip':
      return gzip(stream, { level: level ?? 6 });
    case 'zstd': {
      const params = {
        [constants.ZSTD_c_compressionLevel]: level ?? 3,
        [constants.ZSTD_c_checksumFlag]: 1,
      };
      return runEngine(stream, createZstdCompress({ chunkSize, params }));
    }
  }
}

export interface DecompressOptions {
  /** Refuses to give more than this, against archives that decompress without end. */
  readonly mostBytes?: number;
}

/**
 * Decompresses in libuv's pool, gzip of several members and zstd of several frames included.
 * Throws `invalid` for data that is damaged, cut or passes `mostBytes`; an error of the stream
 * itself comes through as it is.
 */
export async function* decompress(
  stream: ByteStream,
  compression: Compression,
  { mostBytes = Number.POSITIVE_INFINITY }: DecompressOptions = {},
): ByteStream {
  let sizeBytes = 0;
  try {
    for await (const chunk of decompressed(stream, compression)) {
      sizeBytes += chunk.length;
      if (sizeBytes > mostBytes) {
        throw invalid(`decompress ${compression}: more than the allowed ${mostBytes} bytes`, {
          code: 'SIZE_INVALID',
        });
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof BerthError || !isCorruption(error)) throw error;
    throw invalid(`decompress ${compression}: ${errorMessage(error)}`, { cause: error });
  }
}

function decompressed(stream: ByteStream, compression: Compression): ByteStream {
  switch (compression) {
    case 'none':
      return stream;
    case 'gzip':
      return runEngine(stream, createGunzip({ chunkSize }));
    case 'zstd':
      return runEngine(zstdFrames(stream), createZstdDecompress({ chunkSize }));
  }
}

function isCorruption(error: unknown): boolean {
  return /^(Z_|ZSTD_error_)/.test(String((error as { code?: unknown } | null)?.code));
}

const magics: [Compression | 'bzip2' | 'xz', number[]][] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
const longestMagic = 6;

/** What compressed the data that begins with these bytes, of which six suffice; `none` if nothing. */
export function sniffCompression(start: Uint8Array): Compression | 'bzip2' | 'xz' {
  const isSkippable = start.length >= 4 && (start[0]! & 0xf0) === 0x50 && start[1] === 0x2a;
  if (isSkippable && start[2] === 0x4d && start[3] === 0x18) return 'zstd';
  const match = magics.find(([, magic]) => magic.every((byte, at) => start[at] === byte));
  return match?.[0] ?? 'none';
}

/**
 * Decompresses what is compressed in a way its first bytes tell. Throws `unsupported` for bzip2
 * and xz.
 */
export async function* decompressDetected(
  stream: ByteStream,
  options: DecompressOptions = {},
): ByteStream {
  const chunks = stream[Symbol.asyncIterator]();
  try {
    let start = Buffer.alloc(0);
    let over = false;
    while (!over && start.length < longestMagic) {
      const { done, value } = await chunks.next();
      if (done) over = true;
      else start = start.length === 0 ? Buffer.from(value) : Buffer.concat([start, value]);
    }
    const compression = sniffCompression(start);
    if (compression === 'bzip2' || compression === 'xz') {
      throw unsupported(`decompress stream: it is compressed with ${compression}`);
    }
    const whole = async function* (): ByteStream {
      if (start.length > 0) yield start;
      if (!over) yield* { [Symbol.asyncIterator]: () => chunks };
    };
    yield* decompress(whole(), compression, options);
  } finally {
    await chunks.return?.();
  }
}
