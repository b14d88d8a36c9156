import {
  collect,
  type Digest,
  digestHex,
  errorKind,
  invalid,
  streamOf,
  unavailable,
} from '../../core/index.ts';
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
import type { FileContentStore } from '../content/file-content-store.ts';
import type { Ingest } from '../content-store.ts';
import type { Leases } from '../garbage/leases.ts';
import { atMost } from '../layers/receive-layer.ts';
import type { ChainId, Snapshots, UnpackedLayer } from '../snapshots/snapshots.ts';
import type { LayerIndex, LayerIntake } from './layer-index.ts';

const mostConfigBytes = 4 * 2 ** 20;
const progressIntervalMs = 100;

export interface ReceiveOptions {
  readonly content: FileContentStore;
  readonly snapshots: Snapshots;
  readonly layers: LayerIndex;
  readonly intake: LayerIntake;
  readonly leases: Pick<Leases, 'open'>;
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
 * left; layers are unpacked while they arrive, side by side, and stacked when the manifest arrives. Nothing is kept of an image whose layers and configuration disagree.
 */
export function receiveImage(options: ReceiveOptions): ImageSink {
  const { content, snapshots, layers, intake, leases, keep } = options;
  const lease = leases.open();
  /** By blob: layers unpacked, or being unpacked, for this image. */
  const unpacking = new Map<Digest, Promise<UnpackedLayer>>();

  function unpackStored({ digest, mediaType }: Descriptor, signal?: AbortSignal) {
    if (layerCompression(mediaType) === undefined) {
      throw invalid(`unpack ${digest}: ${mediaType} is not the type of a layer`);
    }
    return intake.unpackStored(digest, signal);
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
        const unpacked = await (unpacking.get(layer.digest) ?? unpackStored(layer, signal));
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

  /** Whether the layer that a blob unpacks to is on some stack, and so maybe on this image's. */
  function isKnown(blob: Digest): boolean {
    const diffId = layers.diffIdOf(blob);
    return diffId !== undefined && layers.hasDiffId(diffId);
  }

  async function dropUnpacked(): Promise<void> {
    const settled = await Promise.allSettled(unpacking.values());
    unpacking.clear();
    for (const result of settled) {
      if (result.status === 'fulfilled') await snapshots.discard(result.value);
    }
  }

  return {
    async hasBlob({ digest, size }) {
      lease.keepBlob(digest);
      return (await content.sizeOf(digest)) === size;
    },

    async putBlob(descriptor, open, putOptions) {
      lease.keepBlob(descriptor.digest);
      const isLayer = layerCompression(descriptor.mediaType) !== undefined;
      const unpacked = await receiveBlob(descriptor, options, {
        open,
        ...putOptions,
        unpack: isLayer && !isKnown(descriptor.digest),
      });
      if (unpacked) unpacking.set(descriptor.digest, Promise.resolve(unpacked));
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
        lease[Symbol.dispose]();
      }
    },
  };
}

interface BlobOptions extends PutOptions {
  readonly open: Parameters<ImageSink['putBlob']>[1];
  readonly unpack: boolean;
}

type Intake = Pick<ReceiveOptions, 'content' | 'intake'>;

/** Blobs this process is receiving: a second one who wants the same waits for the first. */
const receiving = new Map<string, Promise<unknown>>();

/** Gives the layer when it was unpacked on the way. */
async function receiveBlob(
  descriptor: Descriptor,
  stores: Intake,
  options: BlobOptions,
): Promise<UnpackedLayer | undefined> {
  const id = `pull-${digestHex(descriptor.digest)}`;
  for (let other = receiving.get(id); other !== undefined; other = receiving.get(id)) {
    await other.catch(() => {}); // its failure is its own: this one then tries by itself
    if ((await stores.content.sizeOf(descriptor.digest)) === descriptor.size) return undefined;
  }
  const received = writeBlob(id, descriptor, stores, options);
  receiving.set(id, received);
  try {
    return await received;
  } finally {
    receiving.delete(id);
  }
}

async function writeBlob(
  id: string,
  { digest, size }: Descriptor,
  { content, intake }: Intake,
  { open, unpack, signal, onProgress = () => {} }: BlobOptions,
): Promise<UnpackedLayer | undefined> {
  await using upload = await content.ingest(id);
  if (upload.offset > size) throw await startOver(upload);
  const expected = { digest, sizeBytes: size };
  const missing = upload.offset < size ? open(upload.offset) : streamOf();
  let unpacked: UnpackedLayer | undefined;
  try {
    if (unpack) {
      const options = { expected, signal, onProgress: atIntervals(onProgress) };
      unpacked = await intake.receive(upload, missing, options);
    } else {
      for await (const chunk of atMost(missing, size - upload.offset)) {
        signal?.throwIfAborted();
        await upload.write(chunk);
      }
      await upload.commit(expected);
    }
  } catch (error) {
    // What is no archive, or not what was announced, is not worth going on with.
    if (errorKind(error) === 'invalid') await upload.abort();
    throw error;
  }
  onProgress(size);
  return unpacked;
}

function atIntervals(onProgress: (storedBytes: number) => void): (storedBytes: number) => void {
  let toldAtMs = 0;
  return (storedBytes) => {
    if (Date.now() - toldAtMs < progressIntervalMs) return;
    toldAtMs = Date.now();
    onProgress(storedBytes);
  };
}

async function startOver(upload: Ingest): Promise<Error> {
  await upload.abort();
  return unavailable(
    `receive blob: an earlier attempt left ${upload.offset} bytes, more than it has: try again`,
  );
}
