import {
  type ByteStream,
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
import type { Lease, Leases } from '../garbage/leases.ts';
import { atMost } from '../layers/receive-layer.ts';
import type { ChainId, Snapshots, UnpackedLayer } from '../snapshots/snapshots.ts';
import type { BlobIntake, LayerIndex } from './layer-index.ts';

const mostConfigBytes = 4 * 2 ** 20;
const progressIntervalMs = 100;

export interface ReceiveOptions {
  readonly content: FileContentStore;
  readonly snapshots: Snapshots;
  readonly layers: LayerIndex;
  readonly intake: BlobIntake;
  readonly leases: Pick<Leases, 'open'>;
  /** Called when an image's layers are stacked and its configuration is stored. */
  readonly keep: (image: ReceivedImage) => void;
  /** Deletes a stack unless somebody needs it. */
  readonly drop: (chain: ChainId) => Promise<unknown>;
}

export interface ReceivedImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly rawConfig: Uint8Array;
  readonly manifest: RawManifest;
  readonly tags: readonly string[];
}

/**
 * The sink of one pull or load. Blobs go to the content store, resuming what an earlier attempt
 * left; layers are unpacked while they arrive, side by side, and stacked when the manifest arrives.
 * Nothing is kept of an image whose layers and configuration disagree.
 */
export function receiveImage(options: ReceiveOptions): ImageSink {
  return new ImageIntake(options);
}

class ImageIntake implements ImageSink {
  readonly #options: ReceiveOptions;
  #lease: Lease;
  /** By blob: layers unpacked for this image, and not stacked yet. */
  readonly #unpacked = new Map<Digest, UnpackedLayer>();

  constructor(options: ReceiveOptions) {
    this.#options = options;
    this.#lease = options.leases.open();
  }

  async hasBlob({ digest, size }: Descriptor): Promise<boolean> {
    this.#lease.keepBlob(digest);
    return (await this.#options.content.sizeOf(digest)) === size;
  }

  async putBlob(
    descriptor: Descriptor,
    open: (offset: number) => ByteStream,
    putOptions: PutOptions,
  ): Promise<void> {
    this.#lease.keepBlob(descriptor.digest);
    const isLayer = layerCompression(descriptor.mediaType) !== undefined;
    const unpack = isLayer && !this.#isKnown(descriptor.digest);
    const layer = await receiveBlob(descriptor, this.#options, { open, ...putOptions, unpack });
    if (layer) this.#unpacked.set(descriptor.digest, layer);
  }

  async putManifest(
    manifest: RawManifest,
    { tags, signal }: { tags: readonly string[]; signal?: AbortSignal },
  ): Promise<void> {
    const { content, keep } = this.#options;
    const { mediaType } = manifest.descriptor;
    if (isIndexType(mediaType)) {
      await content.put(manifest.bytes);
      return;
    }
    try {
      const value = parseManifest(manifest.bytes, mediaType);
      const id = value.config.digest;
      const rawConfig = await collect(content.open(id), mostConfigBytes);
      const config = parseImageConfig(rawConfig);
      requireSameCount(id, value.layers.length, config.rootfs.diff_ids.length);
      await this.#stackLayers(value, config, signal);
      await content.put(manifest.bytes);
      keep({ id, config, rawConfig, manifest, tags });
    } finally {
      await this.abandon();
    }
  }

  /**
   * Stacks the layers in order; stacks that are there already are left alone. Each blob was seen to
   * unpack to what the configuration says, now or earlier: a manifest's word alone would let it pass
   * off any blob as a layer that others have too.
   */
  async #stackLayers(manifest: Manifest, config: ImageConfig, signal?: AbortSignal): Promise<void> {
    const { snapshots, layers } = this.#options;
    const made: ChainId[] = [];
    let parent: ChainId | null = null;
    try {
      for (const [index, chain] of chainIds(config.rootfs.diff_ids).entries()) {
        const blob = manifest.layers[index]!;
        const diffId = config.rootfs.diff_ids[index]!;
        this.#lease.keepChain(chain);
        const isThere = await snapshots.has(chain);
        const known = layers.diffIdOf(blob.digest);
        const layer = isThere && known ? undefined : await this.#layerOf(blob, signal);
        const actual = layer?.diffId ?? known;
        if (layer && (isThere || actual !== diffId)) await snapshots.discard(layer);
        if (actual !== diffId) throw notAsSaid(blob.digest, { actual, said: diffId });
        if (layer && !isThere) {
          await snapshots.stack(layer, parent);
          made.push(chain);
        }
        parent = chain;
      }
    } catch (error) {
      this.#lease[Symbol.dispose]();
      for (const chain of made.reverse()) await this.#options.drop(chain);
      throw error;
    }
  }

  async #layerOf({ digest, mediaType }: Descriptor, signal?: AbortSignal): Promise<UnpackedLayer> {
    if (layerCompression(mediaType) === undefined) {
      throw invalid(`unpack ${digest}: ${mediaType} is not the type of a layer`);
    }
    const layer = this.#unpacked.get(digest);
    this.#unpacked.delete(digest);
    return layer ?? (await this.#options.intake.unpackStored(digest, signal));
  }

  /** Whether the layer that a blob unpacks to is on some stack, and so maybe on this image's. */
  #isKnown(blob: Digest): boolean {
    const { layers } = this.#options;
    const diffId = layers.diffIdOf(blob);
    return diffId !== undefined && layers.hasDiffId(diffId);
  }

  async abandon(): Promise<void> {
    for (const layer of this.#unpacked.values()) await this.#options.snapshots.discard(layer);
    this.#unpacked.clear();
    this.#lease[Symbol.dispose]();
  }
}

function requireSameCount(id: Digest, inManifest: number, inConfig: number): void {
  if (inManifest === inConfig) return;
  throw invalid(
    `image ${id}: ${inManifest} layers in the manifest, ${inConfig} in the configuration`,
    { code: 'MANIFEST_INVALID' },
  );
}

function notAsSaid(blob: Digest, { actual, said }: { actual?: Digest; said: Digest }): Error {
  return invalid(`layer ${blob} unpacks to ${actual}, the image's configuration says ${said}`, {
    code: 'DIGEST_INVALID',
  });
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
