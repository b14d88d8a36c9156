import { type Digest, digestHex } from '../../core/index.ts';
import type { BuildCache, CacheUsage } from '../builder.ts';
import type { KeptContexts } from '../context/kept/kept-contexts.ts';
import type { Filesystems } from '../ports.ts';
import type { CacheMounts } from '../solve/cache-mounts.ts';
import { prunePlan } from './prune-plan.ts';
import type { CacheRecord, CacheRecords } from './records.ts';

export interface BuildCachePorts {
  readonly records: CacheRecords;
  readonly filesystems: Pick<Filesystems, 'neededByImages' | 'release'>;
  readonly cacheMounts: CacheMounts;
  readonly kept: KeptContexts;
  /** Stacks that running builds need. */
  readonly held: () => ReadonlySet<Digest>;
  readonly now: () => number;
}

/** The cache of one builder: its records, its cache mounts, the contexts it keeps. */
export function createBuildCache(ports: BuildCachePorts): BuildCache {
  const { records, filesystems, cacheMounts, kept, held, now } = ports;

  async function usage(): Promise<CacheUsage[]> {
    const all = records.list();
    const needed = await filesystems.neededByImages(all.map(({ chain }) => chain));
    const counts = new Map<Digest, number>();
    for (const { chain } of all) counts.set(chain, (counts.get(chain) ?? 0) + 1);
    const inUse = held();
    const folders = await cacheMounts.list();
    return [
      ...all.map((record) =>
        recordUsage(record, {
          inUse: inUse.has(record.chain),
          shared: needed.has(record.chain) || counts.get(record.chain)! > 1,
        }),
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
    usage,
    async prune(options) {
      const deleted: string[] = [];
      let reclaimedBytes = 0;
      for (const entry of prunePlan(await usage(), options, now())) {
        const freedBytes = await drop(entry);
        if (freedBytes === undefined) continue;
        deleted.push(entry.id);
        reclaimedBytes += freedBytes;
      }
      return { deleted, reclaimedBytes };
    },
  };
}

function recordUsage(
  record: CacheRecord,
  { inUse, shared }: { inUse: boolean; shared: boolean },
): CacheUsage {
  return {
    id: digestHex(record.key),
    parents: record.parentKey ? [digestHex(record.parentKey)] : [],
    type: 'regular',
    description: record.description,
    inUse,
    shared,
    sizeBytes: record.sizeBytes,
    createdAtMs: record.createdAtMs,
    lastUsedAtMs: record.usedAtMs,
    uses: record.uses,
  };
}
