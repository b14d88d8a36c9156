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
  type ImageConfig,
  parseImageConfig,
  type RawManifest,
} from '../../image/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { Database } from '../database.ts';
import type { Leases } from '../garbage/leases.ts';
import type { ImageChange, ImageStore, LocalImage } from '../image-store.ts';
import type { ChainId, Snapshots } from '../snapshots/snapshots.ts';
import { findImage } from './find-image.ts';
import { type ImageRecord, ImageRecords } from './image-records.ts';
import type { LayerIndex, LayerIntake } from './layer-index.ts';
import { createLayerPacker, offerImage } from './offer-image.ts';
import { receiveImage } from './receive-image.ts';

export interface ImageStoreOptions {
  readonly database: Database;
  readonly content: FileContentStore;
  readonly snapshots: Snapshots;
  readonly layers: LayerIndex;
  readonly intake: LayerIntake;
  readonly leases: Pick<Leases, 'open'>;
  /** Whether something besides images needs the stack: the build cache, say. */
  readonly isNeeded?: (chain: ChainId) => boolean;
  readonly now?: () => number;
}

/** Local images, and what of the store they need, for garbage collection. */
export interface LocalImageStore extends ImageStore {
  roots(): { blobs: Digest[]; chains: ChainId[] };
}

const mostConfigBytes = 4 * 2 ** 20;

export async function openImageStore(options: ImageStoreOptions): Promise<LocalImageStore> {
  const { database, content, snapshots, layers, isNeeded = () => false, now = Date.now } = options;
  const records = await ImageRecords.open(database, {
    readConfig: async (id) =>
      (await content.sizeOf(id)) === undefined
        ? undefined
        : collect(content.open(id), mostConfigBytes),
    has: (chain) => snapshots.has(chain),
  });
  const packer = createLayerPacker(options);
  const listeners = new Set<(event: ImageChange) => void>();
  const tell = (event: ImageChange) => {
    for (const listener of listeners) listener(event);
  };

  function localImage(record: ImageRecord): LocalImage {
    const sizes = record.chains.map((chain) => layers.layer(chain)?.sizeBytes ?? 0);
    return {
      ...record,
      chain: record.chains.at(-1) ?? null,
      tags: records.tagsOf(record.id),
      repoDigests: records.repoDigestsOf(record.id),
      sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
      layerSizesBytes: sizes,
    };
  }

  function known(id: Digest): ImageRecord {
    const record = records.get(id);
    if (record === undefined) throw notFound(`No such image: ${id}`);
    return record;
  }

  function tagNow(id: Digest, reference: Reference): void {
    records.tag(id, reference, now());
    tell({ kind: 'tag', id, reference: familiarReference(reference) });
  }

  function remember(id: Digest, config: ImageConfig, rawConfig: Uint8Array, parent?: Digest): void {
    records.add({ id, config, rawConfig, chains: chainIds(config.rootfs.diff_ids), parent });
  }

  function keepReceived(
    received: {
      id: Digest;
      config: ImageConfig;
      rawConfig: Uint8Array;
      manifest: RawManifest;
      tags: readonly string[];
    },
    { name, tags = [] }: { name?: Reference; tags?: readonly Reference[] },
  ): void {
    const { id, config, rawConfig, manifest } = received;
    const { digest, mediaType, size } = manifest.descriptor;
    const named = received.tags.map((tag) =>
      name ? { ...name, tag, digest: undefined } : parseReference(tag),
    );
    database.transaction(() => {
      remember(id, config, rawConfig);
      records.addManifest(id, { digest, mediaType, sizeBytes: size });
      if (name) records.addRepoDigest(id, { ...name, digest });
    });
    for (const reference of [...tags, ...named]) tagNow(id, reference);
  }

  /** Deletes stacks from the top down, as far as nobody else stands on them. */
  async function deleteStacks(chains: readonly ChainId[]): Promise<ChainId[]> {
    const ofOthers = new Set([...records.all()].flatMap((record) => record.chains));
    const deleted: ChainId[] = [];
    for (const chain of chains.toReversed()) {
      if (ofOthers.has(chain) || isNeeded(chain) || !(await snapshots.has(chain))) break;
      const gone = await snapshots.delete(chain).then(
        () => true,
        (error: unknown) => {
          if (errorKind(error) === 'conflict') return false;
          throw error;
        },
      );
      if (!gone) break;
      deleted.push(chain);
    }
    return deleted;
  }

  return {
    resolve: async (text) => localImage(findImage(records, text)),
    list: async () => [...records.all()].map(localImage),
    async tag(id, reference) {
      known(id);
      tagNow(id, reference);
    },
    async untag(reference) {
      const id =
        reference.digest === undefined ? records.byTag(reference) : records.byRepoDigest(reference);
      if (id === undefined) throw notFound(`No such image: ${familiarReference(reference)}`);
      if (reference.digest === undefined) records.untag(reference);
      else records.removeRepoDigest(id, reference);
      tell({ kind: 'untag', id, reference: familiarReference(reference) });
    },
    async addDigest(id, reference, manifest) {
      known(id);
      if (manifest) {
        await content.put(manifest.bytes);
        const { digest, mediaType, size } = manifest.descriptor;
        records.addManifest(id, { digest, mediaType, sizeBytes: size });
      }
      records.addRepoDigest(id, reference);
    },
    async delete(id) {
      const { chains } = known(id);
      records.remove(id);
      const stacks = await deleteStacks(chains);
      tell({ kind: 'delete', id });
      return { deleted: [id, ...stacks] };
    },
    async add(rawConfig, { tags = [], parent } = {}) {
      const config = parseImageConfig(rawConfig);
      const id = digestOf(rawConfig);
      const top = chainIds(config.rootfs.diff_ids).at(-1);
      if (top !== undefined && !(await snapshots.has(top))) {
        throw invalid(`add image ${id}: its layers ${top} are not there`);
      }
      await content.put(rawConfig);
      remember(id, config, rawConfig, parent);
      for (const reference of tags) tagNow(id, reference);
      return localImage(known(id));
    },
    sink: (names) => receiveImage({ ...options, keep: (image) => keepReceived(image, names) }),
    source: (id) => offerImage(known(id), { content, packer, manifests: records.manifestsOf(id) }),
    packLayer: (chain, diffId) => packer.pack(chain, diffId),
    onChange: (listener) => void listeners.add(listener),
    roots() {
      const images = [...records.all()];
      return {
        blobs: images.flatMap(({ id, config }) => [
          id,
          ...records.manifestsOf(id).map(({ digest }) => digest),
          ...config.rootfs.diff_ids.flatMap((diffId) =>
            layers.blobsOf(diffId).map(({ digest }) => digest),
          ),
        ]),
        chains: images.flatMap(({ chains }) => chains),
      };
    },
  };
}
