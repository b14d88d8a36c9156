import type { ByteStream, Digest } from '../../core/index.ts';
import type { Compression } from '../../image/index.ts';
import type { FileIngest } from '../content/file-ingest.ts';
import type { ReceiveOptions } from '../layers/receive-layer.ts';
import type { ChainId, CommittedLayer, UnpackedLayer } from '../snapshots/snapshots.ts';

/** What images ask of the layers' records. */
export interface LayerIndex {
  /** Undefined for a stack that is not there. */
  layer(chain: ChainId): CommittedLayer | undefined;
  /** Blobs known to unpack to the layer; they may be gone from the content store. */
  blobsOf(diffId: Digest): readonly LayerBlob[];
  diffIdOf(blob: Digest): Digest | undefined;
  /** Whether a layer with that content is on some stack. */
  hasDiffId(diffId: Digest): boolean;
  addBlob(diffId: Digest, blob: LayerBlob): void;
}

/** A layer's archive as it travels. */
export interface LayerBlob {
  readonly digest: Digest;
  readonly compression: Compression;
  readonly sizeBytes: number;
}

/** How the layers of images come in. */
export interface LayerIntake {
  /**
   * Stores a layer's blob in the upload and unpacks it while it arrives; `content` goes on from the
   * upload's offset. Throws `invalid` for a bad archive, or a blob that is not as expected.
   */
  receive(upload: FileIngest, content: ByteStream, options: ReceiveOptions): Promise<UnpackedLayer>;
  /** Unpacks a blob that the content store has. */
  unpackStored(blob: Digest, signal?: AbortSignal): Promise<UnpackedLayer>;
}
