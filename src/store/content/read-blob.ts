import { type FileHandle, open } from 'node:fs/promises';
import { type ByteStream, type Digest, errnoCode, internal, notFound } from '../../core/index.ts';
import { diskError } from '../disk-error.ts';

const chunkBytes = 512 * 1024;

/** The file's bytes from `start` up to `end`, the next chunk being read while one is used. */
export async function* readBlob(
  digest: Digest,
  path: string,
  { start = 0, end = Number.POSITIVE_INFINITY }: { start?: number; end?: number } = {},
): ByteStream {
  const handle = await openBlob(digest, path);
  try {
    const stop = Math.min(end, (await handle.stat()).size);
    let position = start;
    const readNext = () =>
      position < stop ? readChunk(handle, position, Math.min(chunkBytes, stop - position)) : null;
    let next = readNext();
    while (next) {
      const chunk = await next;
      if (chunk.length === 0) throw internal(`read blob ${digest}: file ends at ${position}`);
      position += chunk.length;
      next = readNext();
      // Should the consumer stop here, nobody awaits it any more; closing waits for it.
      next?.catch(() => {});
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

async function readChunk(handle: FileHandle, position: number, size: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(size);
  const { bytesRead } = await handle.read(buffer, 0, size, position);
  return buffer.subarray(0, bytesRead);
}

async function openBlob(digest: Digest, path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') throw blobUnknown(digest);
    throw diskError(`open blob ${digest}`, error);
  }
}

export function blobUnknown(digest: Digest): Error {
  return notFound(`open blob ${digest}: blob unknown`, { code: 'BLOB_UNKNOWN' });
}
