import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  collect,
  type Digest,
  digestOf,
  errorKind,
  familiarReference,
  invalid,
  notFound,
  parseReference,
  type Reference,
} from '../../core/index.ts';
import {
  chainIds,
  type ImageSink,
  type ImageSource,
  parseImageConfig,
  type RawManifest,
} from '../../image/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { Database } from '../database.ts';
import type { Leases } from '../garbage/leases.ts';
import type { ImageChange, ImageStore, LocalImage } from '../image-store.ts';
import type { ChainId, Snapshots } from '../snapshots/snapshots.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { findImage } from './find-image.ts';
import { type ImageRecord, ImageRecords } from './image-records.ts';
import type { BlobIntake, LayerBlob, LayerIndex } from './layer-index.ts';
import { offerImage } from './offer-image.ts';
import { createLayerPacker, type LayerPacker } from './pack-layer.ts';
import { type ReceivedImage, receiveImage } from './receive-image.ts';

export interface ImageStoreOptions {
  readonly database: Database;
  readonly content: FileContentStore;
  readonly snapshots: Snapshots;
  readonly layers: LayerIndex;
  readonly intake: BlobIntake;
  readonly pool: WorkerPool;
  readonly leases: Pick<Leases, 'open' | 'keepsChain'>;
  /** Whether something besides images needs the stack: the build cache, say. */
  readonly isNeeded?: (chain: ChainId) => boolean;
  readonly now?: () => number;
}

/** Local images, and what of the store they need. */
export interface LocalImageStore extends ImageStore {
  /** Does any image have this stack? */
  needs(chain: ChainId): boolean;
  /** For garbage collection. */
  roots(): { blobs: Digest[]; chains: ChainId[] };
}

const mostConfigBytes = 4 * 2 ** 20;

export async function openImageStore(options: ImageStoreOptions): Promise<LocalImageStore> {
  const { database, content, snapshots } = options;
  const records = await ImageRecords.open(database, {
    readConfig: async (id) =>
      (await content.sizeOf(id)) === undefined
        ? undefined
        : collect(content.open(id), mostConfigBytes),
    has: (chain) => snapshots.has(chain),
  });
  return new LocalImages(options, records);
}

class LocalImages implements LocalImageStore {
  readonly #options: ImageStoreOptions;
  readonly #records: ImageRecords;
  readonly #packer: LayerPacker;
  readonly #listeners = new Set<(event: ImageChange) => void>();

  constructor(options: ImageStoreOptions, records: ImageRecords) {
    this.#options = options;
    this.#records = records;
    this.#packer = createLayerPacker(options);
  }

  async resolve(nameOrId: string): Promise<LocalImage> {
    return this.#localImage(findImage(this.#records, nameOrId));
  }

  async list(): Promise<LocalImage[]> {
    return [...this.#records.all()].map((record) => this.#localImage(record));
  }

  async tag(id: Digest, reference: Reference): Promise<void> {
    this.#known(id);
    this.#tagNow(id, reference);
  }

  async untag(reference: Reference): Promise<void> {
    const records = this.#records;
    const isTag = reference.digest === undefined;
    const id = isTag ? records.byTag(reference) : records.byRepoDigest(reference);
    if (id === undefined) throw notFound(`No such image: ${familiarReference(reference)}`);
    if (isTag) records.untag(reference);
    else records.removeRepoDigest(id, reference);
    this.#tell({ kind: 'untag', id, reference: familiarReference(reference) });
  }

  async addDigest(id: Digest, reference: Reference, manifest?: RawManifest): Promise<void> {
    this.#known(id);
    if (manifest) {
      await this.#options.content.put(manifest.bytes);
      const { digest, mediaType, size } = manifest.descriptor;
      this.#records.addManifest(id, { digest, mediaType, sizeBytes: size });
    }
    this.#records.addRepoDigest(id, reference);
  }

  async delete(id: Digest): Promise<{ deleted: Digest[] }> {
    const { chains } = this.#known(id);
    this.#records.remove(id);
    const stacks = await this.#deleteStacks(chains);
    this.#tell({ kind: 'delete', id });
    return { deleted: [id, ...stacks] };
  }

  async add(
    rawConfig: Uint8Array,
    { tags = [], parent }: { tags?: readonly Reference[]; parent?: Digest } = {},
  ): Promise<LocalImage> {
    const { content, snapshots, leases } = this.#options;
    const config = parseImageConfig(rawConfig);
    const id = digestOf(rawConfig);
    const chains = chainIds(config.rootfs.diff_ids);
    const top = chains.at(-1);
    using lease = leases.open();
    if (top !== undefined) lease.keepChain(top);
    if (top !== undefined && !(await snapshots.has(top))) {
      throw invalid(`add image ${id}: its layers ${top} are not there`);
    }
    await content.put(rawConfig);
    this.#records.add({ id, config, rawConfig, chains, parent });
    for (const reference of tags) this.#tagNow(id, reference);
    return this.#localImage(this.#known(id));
  }

  sink(names: { name?: Reference; tags?: readonly Reference[] }): ImageSink {
    return receiveImage({
      ...this.#options,
      keep: (image) => this.#keepReceived(image, names),
      drop: (chain) => this.#dropStack(chain),
    });
  }

  source(id: Digest): ImageSource {
    const manifests = this.#records.manifestsOf(id);
    const { content } = this.#options;
    return offerImage(this.#known(id), { content, packer: this.#packer, manifests });
  }

  packLayer(chain: ChainId, diffId: Digest): Promise<LayerBlob> {
    return this.#packer.pack(chain, diffId);
  }

  needs(chain: ChainId): boolean {
    return this.#records.needs(chain);
  }

  onChange(listener: (event: ImageChange) => void): void {
    this.#listeners.add(listener);
  }

  roots(): { blobs: Digest[]; chains: ChainId[] } {
    const images = [...this.#records.all()];
    const { layers } = this.#options;
    return {
      blobs: images.flatMap(({ id, config }) => [
        id,
        ...this.#records.manifestsOf(id).map(({ digest }) => digest),
        ...config.rootfs.diff_ids.flatMap((diffId) =>
          layers.blobsOf(diffId).map(({ digest }) => digest),
        ),
      ]),
      chains: images.flatMap(({ chains }) => chains),
    };
  }

  #tell(event: ImageChange): void {
    for (const listener of this.#listeners) listener(event);
  }

  #localImage(record: ImageRecord): LocalImage {
    const { layers } = this.#options;
    const sizes = record.chains.map((chain) => layers.layer(chain)?.sizeBytes ?? 0);
    return {
      ...record,
      chain: record.chains.at(-1) ?? null,
      tags: this.#records.tagsOf(record.id),
      repoDigests: this.#records.repoDigestsOf(record.id),
      sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
      layerSizesBytes: sizes,
    };
  }

  #known(id: Digest): ImageRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw notFound(`No such image: ${id}`);
    return record;
  }

  #tagNow(id: Digest, reference: Reference): void {
    const { now = Date.now } = this.#options;
    this.#records.tag(id, reference, now());
    this.#tellTag(id, reference);
  }

  #tellTag(id: Digest, reference: Reference): void {
    this.#tell({ kind: 'tag', id, reference: familiarReference(reference) });
  }

  #keepReceived(
    { id, config, rawConfig, manifest, tags }: ReceivedImage,
    names: { name?: Reference; tags?: readonly Reference[] },
  ): void {
    const { name } = names;
    const { now = Date.now } = this.#options;
    const { digest, mediaType, size } = manifest.descriptor;
    const named = tags.map((tag) =>
      name ? { ...name, tag, digest: undefined } : parseReference(tag),
    );
    const all = [...(names.tags ?? []), ...named];
    this.#records.addReceived(
      { id, config, rawConfig, chains: chainIds(config.rootfs.diff_ids) },
      {
        manifest: { digest, mediaType, sizeBytes: size },
        ...(name && { reference: { ...name, digest } }),
        ...{ tags: all, atMs: now() },
      },
    );
    for (const reference of all) this.#tellTag(id, reference);
  }

  /** Deletes stacks from the top down, as far as nobody else stands on them. */
  async #deleteStacks(chains: readonly ChainId[]): Promise<ChainId[]> {
    const deleted: ChainId[] = [];
    for (const chain of chains.toReversed()) {
      // Each costs a few milliseconds of disk, and there may be a thousand.
      await nextTurn();
      if (!(await this.#dropStack(chain))) break;
      deleted.push(chain);
    }
    return deleted;
  }

  /** Deletes a stack unless somebody needs it; gives whether it went. */
  async #dropStack(chain: ChainId): Promise<boolean> {
    const { snapshots, leases, isNeeded = () => false } = this.#options;
    if (!(await snapshots.has(chain))) return false;
    // Nothing comes between this look and the deletion.
    if (this.needs(chain) || leases.keepsChain(chain) || isNeeded(chain)) return false;
    try {
      await snapshots.delete(chain);
      return true;
    } catch (error) {
      if (errorKind(error) === 'conflict') return false;
      throw error;
    }
  }
}
