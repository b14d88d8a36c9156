import { type ByteStream, type Digest, digestOf, verifying } from '../core/index.ts';
import { decompress, decompressDetected } from './compression/compression.ts';
import type { Descriptor } from './manifest/descriptor.ts';
import type { ImageConfig } from './manifest/image-config.ts';
import type { Manifest } from './manifest/manifest.ts';
import { layerCompression } from './manifest/media-types.ts';
import type { RawManifest } from './transfer/endpoints.ts';

/** An image at hand, never changed: its documents as values and as bytes, and its layers. */
export interface Image {
  readonly manifest: Manifest;
  readonly rawManifest: RawManifest;
  readonly config: ImageConfig;
  readonly rawConfig: Uint8Array;
  /** From the lowest up. */
  readonly layers: readonly Layer[];
}

export interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** The bytes as they are stored, perhaps compressed, from `offset` on; unverified. */
  open(options: { offset: number; signal?: AbortSignal }): ByteStream;
}

/**
 * The layer's archive, decompressed; of a media type that is not known, such as those of foreign
 * layers, by what its bytes look like. Throws `invalid` on damage, and at the end unless the stored bytes
 * have the digest and size of the descriptor.
 */
export function layerArchive(layer: Layer, options: { signal?: AbortSignal } = {}): ByteStream {
  const { mediaType, digest, size: sizeBytes } = layer.descriptor;
  const compression = layerCompression(mediaType);
  const stored = verifying(layer.open({ offset: 0, ...options }), { digest, sizeBytes });
  return compression ? decompress(stored, compression) : decompressDetected(stored);
}

export function descriptorOf(content: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

/** The bytes of a document that Berth makes. Those of others are kept as they came. */
export function encodeDocument(value: Manifest | ImageConfig | object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
