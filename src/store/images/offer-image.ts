import { collect, digestOf } from '../../core/index.ts';
import {
  type Compression,
  type Descriptor,
  type ImageSource,
  isManifestType,
  mediaTypes,
  parseManifest,
  type RawManifest,
} from '../../image/index.ts';
import type { ContentStore } from '../content-store.ts';
import type { ImageRecord, ManifestRecord } from './image-records.ts';
import type { LayerPacker } from './pack-layer.ts';

const mostManifestBytes = 4 * 2 ** 20;

const layerTypes: Record<Compression, string> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/**
 * The source of one local image. The manifest it came with is offered again as long as its blobs
 * are there, so that its digest stays; otherwise one is made from its layers.
 */
export function offerImage(
  image: ImageRecord,
  options: { content: ContentStore; packer: LayerPacker; manifests: readonly ManifestRecord[] },
): ImageSource {
  const { content, packer, manifests } = options;

  async function keptManifest(): Promise<RawManifest | undefined> {
    for (const { digest, mediaType, sizeBytes } of manifests) {
      if (!isManifestType(mediaType) || (await content.sizeOf(digest)) === undefined) continue;
      const bytes = await collect(content.open(digest), mostManifestBytes);
      const { config, layers } = parseManifest(bytes, mediaType);
      const sizes = await Promise.all(
        [config, ...layers].map((blob) => content.sizeOf(blob.digest)),
      );
      if (sizes.every((size) => size !== undefined)) {
        return { descriptor: { mediaType, digest, size: sizeBytes }, bytes };
      }
    }
    return;
  }

  const kept = once(keptManifest);
  const layers = once(() => packLayers(image, packer));
  const root = once(async () => (await kept()) ?? makeManifest(image, await Promise.all(layers())));
  return {
    root,
    manifest: root,
    blob: ({ digest }, { offset }) => content.open(digest, { start: offset }),
    async *readyBlobs() {
      if (!(await kept())) yield* layers();
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function packLayers(image: ImageRecord, packer: LayerPacker): Promise<Descriptor>[] {
  const layers = image.chains.map(async (chain, index) => {
    const blob = await packer.pack(chain, image.config.rootfs.diff_ids[index]!);
    return { mediaType: layerTypes[blob.compression], digest: blob.digest, size: blob.sizeBytes };
  });
  // Whoever asks for a layer hears of its failure; the others may fail unheard.
  for (const layer of layers) layer.catch(() => undefined);
  return layers;
}

function makeManifest(image: ImageRecord, layers: readonly Descriptor[]): RawManifest {
  const mediaType = mediaTypes.ociManifest;
  const config: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: image.id,
    size: image.rawConfig.length,
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
