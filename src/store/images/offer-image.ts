import { collect, type Digest, digestOf, randomId } from '../../core/index.ts';
import {
  type Compression,
  compress,
  type Descriptor,
  type ImageSource,
  isManifestType,
  mediaTypes,
  parseManifest,
  type RawManifest,
} from '../../image/index.ts';
import type { ContentStore } from '../content-store.ts';
import type { ChainId, Snapshots } from '../snapshots/snapshots.ts';
import type { ImageRecord, ManifestRecord } from './image-records.ts';
import type { LayerBlob, LayerIndex } from './layer-index.ts';

const mostManifestBytes = 4 * 2 ** 20;

/** Good enough for programs, and several times as fast as gzip's usual 6. */
const gzipLevel = 3;

const layerTypes: Record<Compression, string> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/** Makes an image's layers ready to travel: each is compressed once, and the result kept. */
export interface LayerPacker {
  pack(chain: ChainId, diffId: Digest): Promise<LayerBlob>;
}

export function createLayerPacker(options: {
  content: ContentStore;
  snapshots: Snapshots;
  layers: LayerIndex;
}): LayerPacker {
  const { content, snapshots, layers } = options;
  const packing = new Map<Digest, Promise<LayerBlob>>();

  async function pack(chain: ChainId, diffId: Digest): Promise<LayerBlob> {
    for (const blob of layers.blobsOf(diffId)) {
      if ((await content.sizeOf(blob.digest)) === blob.sizeBytes) return blob;
    }
    await using ingest = await content.ingest(`pack-${randomId().slice(0, 32)}`);
    try {
      const archive = compress(snapshots.archive(chain), 'gzip', { level: gzipLevel });
      for await (const chunk of archive) await ingest.write(chunk);
      const { digest, sizeBytes } = await ingest.commit();
      const blob: LayerBlob = { digest, compression: 'gzip', sizeBytes };
      layers.addBlob(diffId, blob);
      return blob;
    } catch (error) {
      await ingest.abort();
      throw error;
    }
  }

  return {
    pack(chain, diffId) {
      let packed = packing.get(diffId);
      if (packed === undefined) {
        packed = pack(chain, diffId).finally(() => packing.delete(diffId));
        packing.set(diffId, packed);
      }
      return packed;
    },
  };
}

/**
 * The source of one local image. The manifest it came with is offered again as long as its blobs
 * are there, so that its digest stays; otherwise one is made from its layers.
 */
export function offerImage(
  image: ImageRecord,
  options: { content: ContentStore; packer: LayerPacker; manifests: readonly ManifestRecord[] },
): ImageSource {
  const { content, packer, manifests } = options;

  async function root(): Promise<RawManifest> {
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
    return makeManifest(image, packer);
  }

  let offered: Promise<RawManifest> | undefined;
  return {
    root() {
      offered ??= root();
      return offered;
    },
    manifest: () => root(),
    blob: ({ digest }, { offset }) => content.open(digest, { start: offset }),
  };
}

async function makeManifest(image: ImageRecord, packer: LayerPacker): Promise<RawManifest> {
  const layers: Descriptor[] = await Promise.all(
    image.chains.map(async (chain, index) => {
      const blob = await packer.pack(chain, image.config.rootfs.diff_ids[index]!);
      return { mediaType: layerTypes[blob.compression], digest: blob.digest, size: blob.sizeBytes };
    }),
  );
  const mediaType = mediaTypes.ociManifest;
  const config: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: image.id,
    size: image.rawConfig.length,
  };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers }));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
