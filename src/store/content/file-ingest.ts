import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, rm } from 'node:fs/promises';
import {
  type Digest,
  type DigestAlgorithm,
  digestAlgorithm,
  finishDigest,
  invalid,
} from '../../core/index.ts';
import type { Ingest } from '../content-store.ts';
import { diskError } from '../disk-error.ts';

/** Bytes that may wait for the disk before `write` makes its caller wait. */
const mostPendingBytes = 4 * 2 ** 20;
const rehashBytes = 2 ** 20;

/**
 * An upload that is a file. Chunks gather while earlier ones are being written, so small chunks cost
 * few calls. What is on disk is always a prefix of what was given: after a failed write or a crash
 * the upload is opened again and goes on from there.
 */
export class FileIngest implements Ingest {
  readonly id: string;
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #finish: (digest: Digest) => Promise<void>;
  readonly #onClose: () => void;
  #hash: Hash;
  #offset: number;
  #writtenBytes: number;
  #pending: Uint8Array[] = [];
  #flushing: Promise<void> | undefined;
  #failure: unknown;
  #open = true;
  /** Told how many bytes of the file can be read, after each write. */
  onWritten: ((writtenBytes: number) => void) | undefined;

  private constructor(options: IngestOptions, hash: Hash, offset: number) {
    this.id = options.id;
    this.path = options.path;
    this.#handle = options.handle;
    this.#finish = options.finish;
    this.#onClose = options.onClose;
    this.#hash = hash;
    this.#offset = offset;
    this.#writtenBytes = offset;
  }

  /** Takes over the handle (read and write); hashes again what an earlier attempt left. */
  static async resume(options: IngestOptions): Promise<FileIngest> {
    const { hash, sizeBytes } = await hashFile(options.handle, 'sha256');
    return new FileIngest(options, hash, sizeBytes);
  }

  get offset(): number {
    return this.#offset;
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  /** Takes the chunk over: the caller must not change it afterwards. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    if (chunk.length === 0) return;
    this.#hash.update(chunk);
    this.#pending.push(chunk);
    this.#offset += chunk.length;
    this.#flushing ??= this.#flushAll();
    if (this.#offset - this.#writtenBytes > mostPendingBytes) await this.#flushing;
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw diskError(`write upload ${this.id}`, this.#failure);
    if (!this.#open) throw invalid(`write upload ${this.id}: it is closed`);
  }

  /** Never rejects: the failure shows at the next write or commit. */
  async #flushAll(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        let batch = this.#pending;
        this.#pending = [];
        while (batch.length > 0) {
          const { bytesWritten } = await this.#handle.writev(batch, this.#writtenBytes);
          this.#writtenBytes += bytesWritten;
          this.onWritten?.(this.#writtenBytes);
          batch = dropBytes(batch, bytesWritten);
        }
      }
    } catch (error) {
      this.#failure = error;
      this.#pending = [];
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Resolves when all that was written is in the file (not yet synced). */
  async flush(): Promise<void> {
    await this.#flushing;
    this.#check();
  }

  async commit(
    expected: { digest?: Digest; sizeBytes?: number } = {},
  ): Promise<{ digest: Digest; sizeBytes: number }> {
    await this.flush();
    const sizeBytes = this.#offset;
    const digest = await this.#digestLike(expected.digest);
    const problem = mismatch(this.id, expected, { digest, sizeBytes });
    if (problem) {
      await this.abort();
      throw problem;
    }
    await this.#store(digest);
    return { digest, sizeBytes };
  }

  /**
   * Ends an upload whose file another thread wrote, and digested while it did: nothing was given to
   * `write`.
   */
  async adopt({ digest }: { digest: Digest }): Promise<void> {
    this.#check();
    await this.#store(digest);
  }

  async #store(digest: Digest): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#finish(digest);
    } catch (error) {
      throw diskError(`commit upload ${this.id}`, error);
    }
    await this.#close();
  }

  async #digestLike(wanted: Digest | undefined): Promise<Digest> {
    const algorithm = wanted === undefined ? 'sha256' : digestAlgorithm(wanted);
    if (algorithm === 'sha256') return finishDigest(this.#hash.copy());
    return finishDigest((await hashFile(this.#handle, algorithm)).hash, algorithm);
  }

  async abort(): Promise<void> {
    await this.#flushing;
    await rm(this.path, { force: true });
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#flushing;
    await this.#close();
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
    this.#onClose();
  }
}

export interface IngestOptions {
  id: string;
  path: string;
  handle: FileHandle;
  /** Gives the synced file its place under its digest. */
  finish: (digest: Digest) => Promise<void>;
  onClose: () => void;
}

function mismatch(
  id: string,
  expected: { digest?: Digest; sizeBytes?: number },
  actual: { digest: Digest; sizeBytes: number },
): Error | undefined {
  if (expected.sizeBytes !== undefined && expected.sizeBytes !== actual.sizeBytes) {
    return invalid(
      `commit upload ${id}: ${actual.sizeBytes} bytes came in place of ${expected.sizeBytes}`,
      { code: 'SIZE_INVALID' },
    );
  }
  if (expected.digest !== undefined && expected.digest !== actual.digest) {
    return invalid(
      `commit upload ${id}: content has digest ${actual.digest} in place of ${expected.digest}`,
      { code: 'DIGEST_INVALID' },
    );
  }
  return undefined;
}

async function hashFile(
  handle: FileHandle,
  algorithm: DigestAlgorithm,
): Promise<{ hash: Hash; sizeBytes: number }> {
  const hash = createHash(algorithm);
  const { size } = await handle.stat();
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, rehashBytes));
  let position = 0;
  while (position < size) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  return { hash, sizeBytes: position };
}

function dropBytes(chunks: Uint8Array[], count: number): Uint8Array[] {
  let rest = count;
  let index = 0;
  while (index < chunks.length && rest >= chunks[index]!.length) rest -= chunks[index++]!.length;
  if (index === chunks.length) return [];
  return [chunks[index]!.subarray(rest), ...chunks.slice(index + 1)];
}
