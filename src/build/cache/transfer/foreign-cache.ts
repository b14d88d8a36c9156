import { collect, type Digest, errorMessage, invalid, verifying } from '../../../core/index.ts';
import { type ImageSource, parseManifest } from '../../../image/index.ts';
import type { Chain, Filesystems, Layers } from '../../ports.ts';
import type { CacheRecord } from '../records.ts';
import {
  type CacheContents,
  cacheConfigType,
  parseCache,
  parseInlineCache,
  type TravellingRecord,
} from './cache-document.ts';

/** A thousand steps take a few megabytes; it is parsed in one go. */
const largestConfigBytes = 32 * 2 ** 20;

/** A cache from elsewhere, read. */
export interface ImportedCache {
  readonly contents: CacheContents;
  /** Its records by their keys, and by the cheap keys that mean them. */
  readonly byKey: ReadonlyMap<Digest, TravellingRecord>;
  readonly byQuick: ReadonlyMap<Digest, TravellingRecord>;
  readonly source: ImageSource;
}

/** Reads a cache, or the one in an image. Throws `not-found` where there is none, `invalid`. */
export async function importCache(
  source: ImageSource,
  signal: AbortSignal,
): Promise<ImportedCache | undefined> {
  const { bytes, descriptor } = await source.root(signal);
  const manifest = parseManifest(bytes, descriptor.mediaType);
  const { config } = manifest;
  const read = verifying(source.blob(config, { offset: 0, signal }), {
    digest: config.digest,
    sizeBytes: config.size,
  });
  const configBytes = await collect(read, largestConfigBytes);
  const contents =
    config.mediaType === cacheConfigType
      ? parseCache(configBytes, manifest)
      : parseInlineCache(configBytes, manifest);
  return contents && { contents, source, ...indexed(contents) };
}

/** Of several records with one key, the first counts. */
function indexed({ records }: CacheContents): Pick<ImportedCache, 'byKey' | 'byQuick'> {
  const fromLast = records.toReversed();
  return {
    byKey: new Map(fromLast.map((record) => [record.key, record])),
    byQuick: new Map(
      fromLast.flatMap((record) => record.quick.map((quick) => [quick, record] as const)),
    ),
  };
}

type KindOfKey = 'byKey' | 'byQuick';

export interface ForeignCacheOptions {
  /** The caches, each undefined when it could not be read. */
  readonly imports: Promise<readonly ImportedCache[]>;
  readonly filesystems: Filesystems;
  readonly layers: Pick<Layers, 'unpack'>;
  /** Called once a record's layers are at hand. */
  readonly onFetched: (record: CacheRecord) => void;
  readonly onWarning: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Records of imported caches. What is found there is fetched only when something is to stand on it
 * or to be read from it: `filesystems` is the store's, with those stacks in it that can be fetched.
 */
export function createForeignCache(options: ForeignCacheOptions) {
  const { imports, filesystems, signal } = options;
  /** Found stacks and what they were found for. */
  const offered = new Map<Digest, { from: ImportedCache; record: CacheRecord }>();
  const fetching = new Map<Digest, Promise<void>>();

  async function lookup(digest: Digest, by: KindOfKey): Promise<CacheRecord | undefined> {
    for (const from of await imports) {
      const found = from[by].get(digest);
      if (!found || !(await canFetch(from, found.chain, filesystems))) continue;
      const { quick: _, ...rest } = found;
      const nowMs = Date.now();
      const record: CacheRecord = { ...rest, usedAtMs: nowMs, uses: 1 };
      offered.set(found.chain, { from, record });
      return record;
    }
    return undefined;
  }

  function fetch(chain: Digest): Promise<void> {
    let work = fetching.get(chain);
    if (!work) {
      work = fetchStack(chain);
      fetching.set(chain, work);
    }
    return work;
  }

  async function fetchStack(chain: Digest): Promise<void> {
    const offer = offered.get(chain);
    if (!offer || (await filesystems.has(chain))) return;
    const { from } = offer;
    const missing: Digest[] = [];
    for (let at: Digest | undefined = chain; at !== undefined && !(await filesystems.has(at)); ) {
      missing.unshift(at);
      at = from.contents.layers.get(at)!.parent;
    }
    for (const wanted of missing) await fetchLayer(from, wanted, options);
    // What lies below came along: its records hold from now on, too.
    for (const here of missing) {
      const other = offered.get(here);
      if (other) options.onFetched(other.record);
    }
  }

  /** A cache that fails is a miss. */
  async function find(digest: Digest, by: KindOfKey): Promise<CacheRecord | undefined> {
    try {
      return await lookup(digest, by);
    } catch (error) {
      signal.throwIfAborted();
      options.onWarning(`use imported cache: ${errorMessage(error)}`);
      return undefined;
    }
  }

  return {
    find: (key: Digest) => find(key, 'byKey'),
    findQuick: (quick: Digest) => find(quick, 'byQuick'),
    filesystems: withFetching(filesystems, {
      isOffered: (chain) => offered.has(chain),
      fetch: async (chain) => {
        if (chain !== null && offered.has(chain)) await fetch(chain);
      },
    }),
  };
}

/** Is every layer of the stack here or in the cache? */
async function canFetch(
  { contents }: ImportedCache,
  chain: Digest,
  filesystems: Filesystems,
): Promise<boolean> {
  const seen = new Set<Digest>();
  for (let at: Digest | undefined = chain; at !== undefined; ) {
    // A cache that names itself as its parent would be walked for ever.
    if (seen.has(at)) return false;
    seen.add(at);
    if (await filesystems.has(at)) return true;
    const layer = contents.layers.get(at);
    if (!layer) return false;
    at = layer.parent;
  }
  return true;
}

async function fetchLayer(
  { contents, source }: ImportedCache,
  chain: Digest,
  { layers, signal }: ForeignCacheOptions,
): Promise<void> {
  const { descriptor, parent = null } = contents.layers.get(chain)!;
  const content = verifying(source.blob(descriptor, { offset: 0, signal }), {
    digest: descriptor.digest,
    sizeBytes: descriptor.size,
  });
  const made = await layers.unpack(parent, { descriptor, content, signal });
  if (made.chain !== chain) {
    throw invalid(`fetch cached layer ${chain}: its content gives the stack ${made.chain}`);
  }
}

/** The filesystems, which first fetch what is to be used of what can be fetched. */
function withFetching(
  filesystems: Filesystems,
  { isOffered, fetch }: { isOffered(chain: Digest): boolean; fetch(chain: Chain): Promise<void> },
): Filesystems {
  return {
    has: async (chain) => isOffered(chain) || filesystems.has(chain),
    async prepare(parent) {
      await fetch(parent);
      return filesystems.prepare(parent);
    },
    async view(chain) {
      await fetch(chain);
      return filesystems.view(chain);
    },
    async layers(chain) {
      await fetch(chain);
      return filesystems.layers(chain);
    },
    async restack(chain, parent) {
      await fetch(chain);
      await fetch(parent);
      return filesystems.restack(chain, parent);
    },
    async mayRestack(chain, parent, surroundings) {
      await fetch(chain);
      await fetch(parent);
      return filesystems.mayRestack(chain, parent, surroundings);
    },
    release: (chain) => filesystems.release(chain),
    tops: (chains) => filesystems.tops(chains),
  };
}

export type ForeignCache = ReturnType<typeof createForeignCache>;
