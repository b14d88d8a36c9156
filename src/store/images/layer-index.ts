import type { Digest } from '../../core/index.ts';
import type { Compression } from '../../image/index.ts';
import type { LayerIntake } from '../snapshots/layer-intake.ts';
import type { ChainId, CommittedLayer } from '../snapshots/snapshots.ts';

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

/** How the layers of images come in: while they arrive, or out of the content store. */
export type BlobIntake = Pick<LayerIntake, 'receive' | 'unpackStored'>;
