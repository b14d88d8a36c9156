import type { ByteStream, Digest } from '../core/index.ts';

/**
 * Blobs by digest, as files of an OCI image layout (`blobs/sha256/<hex>`). A blob is whole or
 * absent: written under a temporary name, synced, verified, renamed.
 */
export interface ContentStore {
  /** Size in bytes, or undefined when the blob is absent. */
  sizeOf(digest: Digest): Promise<number | undefined>;
  /** Fresh stream of the bytes `start` (inclusive) to `end` (exclusive). Throws `not-found`. */
  open(digest: Digest, range?: { start?: number; end?: number }): ByteStream;
  /** Path of the blob's file, for sendfile-like uses; read-only. Throws `not-found`. */
  pathOf(digest: Digest): string;
  /** Stores a small blob; idempotent. */
  put(content: Uint8Array): Promise<Digest>;
  /**
   * Opens or reopens the upload `id` (a name safe in a path), which keeps what was written before
   * an interruption, also over a restart. One writer at a time: throws `conflict` when it is open.
   */
  ingest(id: string): Promise<Ingest>;
  /** Bytes the upload `id` has stored, without opening it; undefined when there is none. */
  offsetOf(id: string): Promise<number | undefined>;
  /** Uploads that were begun and neither committed nor aborted. */
  ingests(): Promise<{ id: string; offset: number; updatedAtMs: number }[]>;
  delete(digest: Digest): Promise<void>;
  list(): AsyncIterable<{ digest: Digest; sizeBytes: number; modifiedAtMs: number }>;
}

export interface Ingest extends AsyncDisposable {
  readonly id: string;
  /** Bytes stored so far. */
  readonly offset: number;
  /** Takes the chunk over: the caller must not change it afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the upload. Throws `invalid` (DIGEST_INVALID, SIZE_INVALID) and keeps nothing on mismatch. */
  commit(expected?: {
    digest?: Digest;
    sizeBytes?: number;
  }): Promise<{ digest: Digest; sizeBytes: number }>;
  abort(): Promise<void>;
  /** Dispose closes the file and keeps the upload for later. */
}
