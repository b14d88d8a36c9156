import { mkdirSync, statSync, unlinkSync } from 'node:fs';
import { open, opendir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ByteStream,
  conflict,
  type Digest,
  digestAlgorithm,
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
  const store = new FileContentStore(options);
  await store.dropStaleUploads(options.staleUploadMs ?? weekMs);
  return store;
}

/** Blobs as files; what of it others see is ContentStore. */
export class FileContentStore implements ContentStore {
  readonly #rootPath: string;
  readonly #now: () => number;
  readonly #writing = new Set<string>();
  /** When each blob was last asked for by this process: what it may be about to refer to. */
  readonly #usedAtMs = new Map<Digest, number>();

  constructor({ rootPath, now = Date.now }: ContentStoreOptions) {
    this.#rootPath = rootPath;
    this.#now = now;
    for (const path of [this.#ingestPath(''), ...algorithms.map((name) => this.#folder(name))]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    }
  }

  #ingestPath(id: string): string {
    return join(this.#rootPath, 'ingest', id);
  }

  #folder(algorithm: string): string {
    return join(this.#rootPath, 'blobs', algorithm);
  }

  #blobPath(digest: Digest): string {
    return join(this.#folder(digestAlgorithm(digest)), digestHex(digest));
  }

  /** To be called before a look at the disk, so that no deletion comes between. */
  #markUsed(digest: Digest): void {
    this.#usedAtMs.set(digest, this.#now());
  }

  async sizeOf(digest: Digest): Promise<number | undefined> {
    this.#markUsed(digest);
    try {
      // In place: a turn of the thread pool takes a hundred times as long.
      const found = statSync(this.#blobPath(digest), { throwIfNoEntry: false });
      if (!found) this.#usedAtMs.delete(digest);
      return found?.size;
    } catch (error) {
      this.#usedAtMs.delete(digest);
      throw diskError(`stat blob ${digest}`, error);
    }
  }

  open(digest: Digest, range?: { start?: number; end?: number }): ByteStream {
    if (this.#usedAtMs.has(digest)) this.#markUsed(digest);
    return readBlob(digest, this.#blobPath(digest), range);
  }

  pathOf(digest: Digest): string {
    const path = this.#blobPath(digest);
    if (!statSync(path, { throwIfNoEntry: false })) throw blobUnknown(digest);
    this.#markUsed(digest);
    return path;
  }

  async ingest(id: string): Promise<FileIngest> {
    if (!uploadId.test(id)) throw invalid(`open upload: "${id.slice(0, 200)}" is no upload name`);
    if (this.#writing.has(id)) {
      throw conflict(`open upload ${id}: it is being written`, { code: 'UPLOAD_IN_USE' });
    }
    this.#writing.add(id);
    const path = this.#ingestPath(id);
    try {
      const handle = await openForUpdate(path);
      return await FileIngest.resume({
        id,
        path,
        handle,
        finish: (digest) => this.#finish(path, digest),
        onClose: () => this.#writing.delete(id),
      });
    } catch (error) {
      this.#writing.delete(id);
      throw diskError(`open upload ${id}`, error);
    }
  }

  async #finish(uploadPath: string, digest: Digest): Promise<void> {
    this.#markUsed(digest);
    await rename(uploadPath, this.#blobPath(digest));
    await syncDirectory(this.#folder(digestAlgorithm(digest)));
  }

  async put(content: Uint8Array): Promise<Digest> {
    const digest = digestOf(content);
    if ((await this.sizeOf(digest)) === content.length) return digest;
    await using upload = await this.ingest(`put-${randomId()}`);
    try {
      await upload.write(content);
      await upload.commit({ digest, sizeBytes: content.length });
    } catch (error) {
      await upload.abort();
      throw error;
    }
    return digest;
  }

  async offsetOf(id: string): Promise<number | undefined> {
    if (!uploadId.test(id)) return undefined;
    try {
      return (await stat(this.#ingestPath(id))).size;
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return undefined;
      throw diskError(`stat upload ${id}`, error);
    }
  }

  async ingests(): Promise<{ id: string; offset: number; updatedAtMs: number }[]> {
    const found = [];
    for (const id of await readdir(this.#ingestPath(''))) {
      const file = await stat(this.#ingestPath(id)).catch(() => undefined);
      if (file) found.push({ id, offset: file.size, updatedAtMs: file.mtimeMs });
    }
    return found;
  }

  async *list(): AsyncGenerator<{ digest: Digest; sizeBytes: number; modifiedAtMs: number }> {
    for (const algorithm of algorithms) {
      const folder = this.#folder(algorithm);
      for await (const { name } of await opendir(folder, { bufferSize: 1024 })) {
        const digest = `${algorithm}:${name}`;
        const file = await stat(join(folder, name)).catch(() => undefined);
        if (!file || !isDigest(digest)) continue;
        yield { digest, sizeBytes: file.size, modifiedAtMs: file.mtimeMs };
      }
    }
  }

  async delete(digest: Digest): Promise<void> {
    await rm(this.#blobPath(digest), { force: true });
  }

  /**
   * Deletes the blob unless it was written or asked for within `graceMs`; gives the bytes freed, or
   * undefined when it stays. No other operation comes between look and deletion.
   */
  deleteUnused(digest: Digest, graceMs: number): number | undefined {
    const path = this.#blobPath(digest);
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file) return undefined;
    const used = Math.max(file.mtimeMs, this.#usedAtMs.get(digest) ?? 0);
    if (this.#now() - used < graceMs) return undefined;
    unlinkSync(path);
    this.#usedAtMs.delete(digest);
    return file.size;
  }

  /** Deletes uploads nobody wrote to for so long, and those whose writer ended with its process. */
  async dropStaleUploads(staleUploadMs: number): Promise<void> {
    for (const { id, updatedAtMs } of await this.ingests()) {
      const isOrphan = orphans.test(id) || this.#now() - updatedAtMs > staleUploadMs;
      if (isOrphan) await rm(this.#ingestPath(id), { force: true });
    }
  }
}

/** Uploads under names of chance, to which nobody comes back. */
const orphans = /^(put|unpack|pack)-/;

async function openForUpdate(path: string) {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
    return await open(path, 'wx+', 0o600);
  }
}
