import { collect, type Digest, digestHex, invalid, unavailable } from '../../core/index.ts';
import {
  chainIds,
  type Descriptor,
  type ImageConfig,
  type ImageSink,
  isIndexType,
  layerCompression,
  type Manifest,
  type PutOptions,
  parseImageConfig,
  parseManifest,
  type RawManifest,
} from '../../image/index.ts';
import type { ContentStore, Ingest } from '../content-store.ts';
import type { ChainId, Snapshots, UnpackedLayer } from '../snapshots/snapshots.ts';
import type { LayerIndex } from './layer-index.ts';

const mostConfigBytes = 4 * 2 ** 20;
const progressIntervalMs = 100;

export interface ReceiveOptions {
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  readonly layers: LayerIndex;
  /** Called when an image's layers are stacked and its configuration is stored. */
  readonly keep: (image: {
    id: Digest;
    config: ImageConfig;
    rawConfig: Uint8Array;
    manifest: RawManifest;
    tags: readonly string[];
  }) => void;
}

/**
 * The sink of one pull or load. Blobs go to the content store, resuming what an earlier attempt
 * left; layers are unpacked as soon as they are whole, side by side, and stacked when the manifest
 * arrives. Nothing is kept of an image whose layers and configuration disagree.
 */
export function receiveImage(options: ReceiveOptions): ImageSink {
  const { content, snapshots, layers, keep } = options;
  const unpacking = new Map<Digest, Promise<UnpackedLayer>>();

  function unpack({ digest, mediaType }: Descriptor, signal?: AbortSignal): Promise<UnpackedLayer> {
    const compression = layerCompression(mediaType);
    if (compression === undefined)
      throw invalid(`unpack ${digest}: ${mediaType} is not the type of a layer`);
    const started = snapshots.unpack(content.open(digest), { compression, signal });
    started.catch(() => {}); // whoever awaits the layer, in putManifest, learns of it
    unpacking.set(digest, started);
    return started;
  }

  /** Stacks the layers in order; those that are there already are left alone. */
  async function stackLayers(
    manifest: Manifest,
    config: ImageConfig,
    signal?: AbortSignal,
  ): Promise<void> {
    const chains = chainIds(config.rootfs.diff_ids);
    let parent: ChainId | null = null;
    for (const [index, layer] of manifest.layers.entries()) {
      const chain = chains[index]!;
      const diffId = config.rootfs.diff_ids[index]!;
      if (!(await snapshots.has(chain))) {
        const unpacked = await (unpacking.get(layer.digest) ?? unpack(layer, signal));
        unpacking.delete(layer.digest);
        if (unpacked.diffId !== diffId) {
          await snapshots.discard(unpacked);
          throw invalid(
            `layer ${layer.digest} unpacks to ${unpacked.diffId}, the image's configuration says ${diffId}`,
            { code: 'DIGEST_INVALID' },
          );
        }
        await snapshots.stack(unpacked, parent);
      }
      layers.addBlob(diffId, {
        digest: layer.digest,
        compression: layerCompression(layer.mediaType)!,
        sizeBytes: layer.size,
      });
      parent = chain;
    }
  }

  async function dropUnpacked(): Promise<void> {
    const settled = await Promise.allSettled(unpacking.values());
    unpacking.clear();
    for (const result of settled) {
      if (result.status === 'fulfilled') await snapshots.discard(result.value);
    }
  }

  return {
    hasBlob: async ({ digest, size }) => (await content.sizeOf(digest)) === size,

    async putBlob(descriptor, open, putOptions) {
      await receiveBlob(content, descriptor, { open, ...putOptions });
      const isLayer = layerCompression(descriptor.mediaType) !== undefined;
      if (isLayer && layers.diffIdOf(descriptor.digest) === undefined) {
        unpack(descriptor, putOptions.signal);
      }
    },

    async putManifest(manifest, { tags, signal }) {
      const { mediaType } = manifest.descriptor;
      if (isIndexType(mediaType)) {
        await content.put(manifest.bytes);
        return;
      }
      try {
        const value = parseManifest(manifest.bytes, mediaType);
        const rawConfig = await collect(content.open(value.config.digest), mostConfigBytes);
        const config = parseImageConfig(rawConfig);
        if (config.rootfs.diff_ids.length !== value.layers.length) {
          throw invalid(
            `image ${value.config.digest}: ${value.layers.length} layers in the manifest, ${config.rootfs.diff_ids.length} in the configuration`,
            { code: 'MANIFEST_INVALID' },
          );
        }
        await stackLayers(value, config, signal);
        await content.put(manifest.bytes);
        keep({ id: value.config.digest, config, rawConfig, manifest, tags });
      } finally {
        await dropUnpacked();
      }
    },
  };
}

/** Blobs this process is receiving: a second one who wants the same waits for the first. */
const receiving = new Map<string, Promise<void>>();

async function receiveBlob(
  content: ContentStore,
  descriptor: Descriptor,
  options: PutOptions & { open: Parameters<ImageSink['putBlob']>[1] },
): Promise<void> {
  const id = `pull-${digestHex(descriptor.digest)}`;
  for (let other = receiving.get(id); other !== undefined; other = receiving.get(id)) {
    await other.catch(() => {}); // its failure is its own: this one then tries by itself
    if ((await content.sizeOf(descriptor.digest)) === descriptor.size) return;
  }
  const received = writeBlob(content, id, descriptor, options);
  receiving.set(id, received);
  try {
    await received;
  } finally {
    receiving.delete(id);
  }
}

async function writeBlob(
  content: ContentStore,
  id: string,
  { digest, size }: Descriptor,
  { open, signal, onProgress }: PutOptions & { open: Parameters<ImageSink['putBlob']>[1] },
): Promise<void> {
  await using ingest = await content.ingest(id);
  if (ingest.offset > size) throw await startOver(ingest);
  let toldAtMs = 0;
  if (ingest.offset < size) {
    for await (const chunk of open(ingest.offset)) {
      signal?.throwIfAborted();
      await ingest.write(chunk);
      if (onProgress === undefined || Date.now() - toldAtMs < progressIntervalMs) continue;
      toldAtMs = Date.now();
      onProgress(ingest.offset);
    }
  }
  await ingest.commit({ digest, sizeBytes: size });
  onProgress?.(size);
}

async function startOver(ingest: Ingest): Promise<Error> {
  await ingest.abort();
  return unavailable(
    `receive blob: an earlier attempt left ${ingest.offset} bytes, more than it has: try again`,
  );
}
