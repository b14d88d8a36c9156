import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Digest, digestHex } from '../../core/index.ts';
import type { BuildCache, CacheUsage } from '../builder.ts';
import type { KeptContexts } from '../context/kept/kept-contexts.ts';
import type { Filesystems, TopLayer } from '../ports.ts';
import type { CacheMounts } from '../solve/cache-mounts.ts';
import { type CacheEntry, lastUse, prunePlan } from './prune-plan.ts';
import type { CacheRecord, CacheRecords } from './records.ts';

export interface BuildCachePorts {
  readonly records: CacheRecords;
  readonly filesystems: Pick<Filesystems, 'tops' | 'release'>;
  readonly cacheMounts: CacheMounts;
  readonly kept: KeptContexts;
  /** Stacks that running builds need. */
  readonly held: () => ReadonlySet<Digest>;
  readonly now: () => number;
}

/** The cache of one builder: its records, its cache mounts, the contexts it keeps. */
export function createBuildCache(ports: BuildCachePorts): BuildCache {
  const { records, filesystems, cacheMounts, kept, held, now } = ports;

  async function entries(): Promise<CacheEntry[]> {
    const all = records.list();
    const tops = await filesystems.tops(all.map(({ chain }) => chain));
    const inUse = held();
    const folders = await cacheMounts.list();
    return [
      ...markShared(
        all.map((record) => recordEntry(record, tops.get(record.chain), inUse.has(record.chain))),
      ),
      ...folders.map(
        (folder): CacheUsage => ({
          id: folder.name,
          parents: [],
          type: 'exec.cachemount',
          description: folder.description,
          inUse: folder.inUse,
          shared: false,
          sizeBytes: folder.sizeBytes,
          createdAtMs: folder.createdAtMs,
          lastUsedAtMs: folder.usedAtMs,
          uses: 0,
        }),
      ),
      ...kept.list().map(
        ({ usedAtMs: lastUsedAtMs, ...context }): CacheUsage => ({
          ...{ ...context, lastUsedAtMs, parents: [], shared: false },
          type: 'source.local',
        }),
      ),
    ];
  }

  async function drop(entry: CacheUsage): Promise<number | undefined> {
    if (entry.type === 'exec.cachemount') {
      return (await cacheMounts.remove(entry.id)) ? entry.sizeBytes : undefined;
    }
    if (entry.type === 'source.local') {
      return (await kept.remove(entry.id)) ? entry.sizeBytes : undefined;
    }
    const key = `sha256:${entry.id}` as Digest;
    const record = records.get(key);
    // A build may have taken it up since the plan was made.
    if (!record || held().has(record.chain)) return undefined;
    records.delete(key);
    if (records.names(record.chain)) return 0;
    return (await filesystems.release(record.chain)).freedBytes;
  }

  return {
    usage: async () => (await entries()).map(({ top: _, ...usage }) => usage),
    async prune(options) {
      const deleted: string[] = [];
      let reclaimedBytes = 0;
      for (const entry of prunePlan(await entries(), options, now())) {
        // Each costs a few milliseconds of disk, and there may be thousands.
        await nextTurn();
        const freedBytes = await drop(entry);
        if (freedBytes === undefined) continue;
        deleted.push(entry.id);
        reclaimedBytes += freedBytes;
      }
      return { deleted, reclaimedBytes };
    },
  };
}

function recordEntry(record: CacheRecord, top: TopLayer | undefined, inUse: boolean): CacheEntry {
  return {
    id: digestHex(record.key),
    parents: record.parentKey ? [digestHex(record.parentKey)] : [],
    type: 'regular',
    description: record.description,
    inUse,
    shared: false,
    // A crash of the machine may have taken the layer.
    sizeBytes: top ? record.sizeBytes : 0,
    createdAtMs: record.createdAtMs,
    lastUsedAtMs: record.usedAtMs,
    uses: record.uses,
    ...(top && { top }),
  };
}

/**
 * Of the records that lead to one layer, the last used has it; to the others it is shared, as what an
 * image has is to all. So the sizes of what is not shared add up to what the cache takes.
 */
function markShared(entries: readonly CacheEntry[]): CacheEntry[] {
  const owners = new Map<string, CacheEntry>();
  for (const entry of entries) {
    if (!entry.top || entry.top.isOfImage) continue;
    const owner = owners.get(entry.top.layer);
    if (!owner || lastUse(entry) > lastUse(owner)) owners.set(entry.top.layer, entry);
  }
  return entries.map((entry) => {
    const shared = entry.top !== undefined && owners.get(entry.top.layer) !== entry;
    return { ...entry, shared };
  });
}
