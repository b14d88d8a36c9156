import type { ByteStream, Digest } from '../core/index.ts';

/** Blobs at the client of a build, by their digests. What it sends is hostile. */
export interface RemoteBlobs {
  /** In bytes, as the client says. Throws `not-found`. */
  sizeOf(digest: Digest, signal?: AbortSignal): Promise<number>;
  /** The bytes from an offset on, unverified. */
  open(digest: Digest, options: { offset: number; signal?: AbortSignal }): ByteStream;
}
