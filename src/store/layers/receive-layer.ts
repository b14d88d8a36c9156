import { mkdirSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { type ByteStream, type Digest, invalid } from '../../core/index.ts';
import type { FileIngest } from '../content/file-ingest.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { FileGrowth } from './follow-file.ts';
import type { UnpackLayerOutput } from './unpack-layer.ts';

export interface ReceiveOptions {
  /** What the blob must be; mismatch throws `invalid` and keeps nothing. */
  readonly expected?: { digest?: Digest; sizeBytes?: number };
  /** Called with all bytes stored so far. */
  readonly onProgress?: (storedBytes: number) => void;
  readonly signal?: AbortSignal;
}

export interface ReceivedLayer extends UnpackLayerOutput {
  readonly blob: { digest: Digest; sizeBytes: number };
}

/**
 * Stores a layer's blob and unpacks it into `directory` at the same time: the unpacker reads the
 * upload's file as it grows, so bytes that an earlier attempt stored need not come again. `content`
 * goes on from the upload's offset. The caller owns directory and upload, whole or not.
 */
export async function receiveLayer(
  pool: WorkerPool,
  { upload, content, directory }: { upload: FileIngest; content: ByteStream; directory: string },
  options: ReceiveOptions,
): Promise<ReceivedLayer> {
  const { expected, onProgress, signal } = options;
  mkdirSync(directory, { mode: 0o755 });
  const { port1: growth, port2 } = new MessageChannel();
  const tell = (news: FileGrowth) => growth.postMessage(news);
  const giveUp = new AbortController();
  const unpacking = pool.run(
    'unpack-layer',
    { directory, path: upload.path, growth: port2 },
    { signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal },
  );
  let unpackFailed = false;
  unpacking.catch(() => {
    unpackFailed = true;
  });
  upload.onWritten = (writtenBytes) => tell({ writtenBytes });
  tell({ writtenBytes: upload.writtenBytes });
  try {
    for await (const chunk of atMost(content, (expected?.sizeBytes ?? Infinity) - upload.offset)) {
      signal?.throwIfAborted();
      if (unpackFailed) break;
      await upload.write(chunk);
      onProgress?.(upload.offset);
    }
    await upload.flush();
    tell('whole');
    const output = await unpacking;
    const { digest, sizeBytes } = await upload.commit(expected);
    return { ...output, blob: { digest, sizeBytes } };
  } catch (error) {
    giveUp.abort();
    tell('given-up');
    await unpacking.catch(() => {});
    throw error;
  } finally {
    upload.onWritten = undefined;
    growth.close();
  }
}

/** The stream, which is refused as soon as it has more bytes than that. */
export async function* atMost(content: ByteStream, sizeBytes: number): ByteStream {
  let leftBytes = sizeBytes;
  for await (const chunk of content) {
    leftBytes -= chunk.length;
    if (leftBytes < 0) {
      throw invalid('receive blob: it is longer than was announced', { code: 'SIZE_INVALID' });
    }
    yield chunk;
  }
}

/** Unpacks a blob that is stored already; `directory` is made, and the caller's. */
export async function unpackBlob(
  pool: WorkerPool,
  { path, directory }: { path: string; directory: string },
  signal?: AbortSignal,
): Promise<UnpackLayerOutput> {
  mkdirSync(directory, { mode: 0o755 });
  return await pool.run('unpack-layer', { directory, path }, { signal });
}
