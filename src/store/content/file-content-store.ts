import { mkdirSync, statSync, unlinkSync } from 'node:fs';
import { open, opendir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  conflict,
  type Digest,
  digestHex,
  digestOf,
  errnoCode,
  invalid,
  isDigest,
  randomId,
} from '../../core/index.ts';
import { syncDirectory } from '../../linux/index.ts';
import type { ContentStore } from '../content-store.ts';
import { diskError } from '../disk-error.ts';
import { FileIngest } from './file-ingest.ts';
import { blobUnknown, readBlob } from './read-blob.ts';

/** The content store as the store's own parts see it. */
export interface FileContentStore extends ContentStore {
  ingest(id: string): Promise<FileIngest>;
  /**
   * Deletes the blob unless it was written or asked for within `graceMs`; gives the bytes freed, or
   * undefined when it stays. No other operation comes between look and deletion.
   */
  deleteUnused(digest: Digest, graceMs: number): number | undefined;
}

export interface ContentStoreOptions {
  /** Folder that holds `blobs/` and `ingest/`; made when absent. */
  readonly rootPath: string;
  /** Uploads nobody wrote to for so long are deleted at start. */
  readonly staleUploadMs?: number;
  readonly now?: () => number;
}

const weekMs = 7 * 24 * 3_600_000;
const algorithms = ['sha256', 'sha512'] as const;
const uploadId = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,150}$/;

/** Opens the store, clearing away what crashed or abandoned uploads left. */
export async function openContentStore(options: ContentStoreOptions): Promise<FileContentStore> {
  const { rootPath, staleUploadMs = weekMs, now = Date.now } = options;
  const ingestPath = join(rootPath, 'ingest');
  const blobFolder = (algorithm: string) => join(rootPath, 'blobs', algorithm);
  for (const path of [ingestPath, ...algorithms.map(blobFolder)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  const writing = new Set<string>();
  /** When each blob was last asked for by this process: what it may be about to refer to. */
  const usedAtMs = new Map<Digest, number>();
  const blobPath = (digest: Digest) =>
    join(rootPath, 'blobs', digest.slice(0, digest.indexOf(':')), digestHex(digest));
  // Marked before the look at the disk, so that no deletion comes between.
  const markUsed = (digest: Digest) => usedAtMs.set(digest, now());

  async function sizeOf(digest: Digest): Promise<number | undefined> {
    markUsed(digest);
    try {
      return (await stat(blobPath(digest))).size;
    } catch (error) {
      usedAtMs.delete(digest);
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw diskError(`stat blob ${digest}`, error);
    }
  }

  function pathOf(digest: Digest): string {
    const path = blobPath(digest);
    if (!statSync(path, { throwIfNoEntry: false })) throw blobUnknown(digest);
    markUsed(digest);
    return path;
  }

  async function finish(uploadPath: string, digest: Digest): Promise<void> {
    markUsed(digest);
    await rename(uploadPath, blobPath(digest));
    await syncDirectory(blobFolder(digest.slice(0, digest.indexOf(':'))));
  }

  async function ingest(id: string): Promise<FileIngest> {
    if (!uploadId.test(id)) throw invalid(`open upload: "${id.slice(0, 200)}" is no upload name`);
    if (writing.has(id)) {
      throw conflict(`open upload ${id}: it is being written`, { code: 'UPLOAD_IN_USE' });
    }
    writing.add(id);
    const path = join(ingestPath, id);
    try {
      const handle = await openForUpdate(path);
      return await FileIngest.resume({
        id,
        path,
        handle,
        finish: (digest) => finish(path, digest),
        onClose: () => writing.delete(id),
      });
    } catch (error) {
      writing.delete(id);
      throw diskError(`open upload ${id}`, error);
    }
  }

  async function put(content: Uint8Array): Promise<Digest> {
    const digest = digestOf(content);
    if ((await sizeOf(digest)) === content.length) return digest;
    await using upload = await ingest(`put-${randomId()}`);
    try {
      await upload.write(content);
      await upload.commit({ digest, sizeBytes: content.length });
    } catch (error) {
      await upload.abort();
      throw error;
    }
    return digest;
  }

  async function offsetOf(id: string): Promise<number | undefined> {
    if (!uploadId.test(id)) return undefined;
    try {
      return (await stat(join(ingestPath, id))).size;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw diskError(`stat upload ${id}`, error);
    }
  }

  async function ingests(): Promise<{ id: string; offset: number; updatedAtMs: number }[]> {
    const found = [];
    for (const id of await readdir(ingestPath)) {
      const file = await stat(join(ingestPath, id)).catch(() => undefined);
      if (file) found.push({ id, offset: file.size, updatedAtMs: file.mtimeMs });
    }
    return found;
  }

  async function* list() {
    for (const algorithm of algorithms) {
      for await (const { name } of await opendir(blobFolder(algorithm), { bufferSize: 1024 })) {
        const digest = `${algorithm}:${name}`;
        const file = await stat(join(blobFolder(algorithm), name)).catch(() => undefined);
        if (!file || !isDigest(digest)) continue;
        yield { digest, sizeBytes: file.size, modifiedAtMs: file.mtimeMs };
      }
    }
  }

  function deleteUnused(digest: Digest, graceMs: number): number | undefined {
    const path = blobPath(digest);
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file) return undefined;
    const used = Math.max(file.mtimeMs, usedAtMs.get(digest) ?? 0);
    if (now() - used < graceMs) return undefined;
    unlinkSync(path);
    usedAtMs.delete(digest);
    return file.size;
  }

  for (const { id, updatedAtMs } of await ingests()) {
    // A put has one writer that ended with its process; other uploads may be resumed.
    if (id.startsWith('put-') || now() - updatedAtMs > staleUploadMs) {
      await rm(join(ingestPath, id), { force: true });
    }
  }
  return {
    sizeOf,
    pathOf,
    put,
    ingest,
    offsetOf,
    ingests,
    list,
    deleteUnused,
    open: (digest, range) => {
      if (usedAtMs.has(digest)) markUsed(digest);
      return readBlob(digest, blobPath(digest), range);
    },
    delete: (digest) => rm(blobPath(digest), { force: true }),
  };
}

async function openForUpdate(path: string) {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
    return await open(path, 'wx+', 0o600);
  }
}
