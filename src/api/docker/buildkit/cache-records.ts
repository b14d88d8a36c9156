import type { CachePruneOptions, CacheUsage } from '../../../build/index.ts';
import { unsupported } from '../../../core/index.ts';
import { cacheFilter, isMutable } from './cache-filter.ts';
import type { DiskUsageRequest, PruneRequest, UsageRecord } from './control-messages.ts';
import { timestampOf } from './status-messages.ts';

/** A record of the build cache as `docker buildx du` shows it. */
export function usageRecordOf(usage: CacheUsage): UsageRecord {
  return {
    ID: usage.id,
    Mutable: isMutable(usage),
    InUse: usage.inUse,
    Size: usage.sizeBytes,
    CreatedAt: timestampOf(usage.createdAtMs),
    LastUsedAt: usage.lastUsedAtMs === undefined ? undefined : timestampOf(usage.lastUsedAtMs),
    UsageCount: usage.uses,
    Description: usage.description,
    RecordType: usage.type,
    Shared: usage.shared,
    Parents: usage.parents,
  };
}

/**
 * What `docker buildx prune` asks for, of the records there are. Throws `invalid` for a filter that
 * is none, `unsupported` for a bound that is not known here.
 */
export function cacheOptionsOf(
  request: PruneRequest,
  records: readonly CacheUsage[],
): CachePruneOptions {
  if (Number(request.minFreeSpace) > 0) {
    throw unsupported('prune build cache: a least amount of free space is not supported');
  }
  const filters = request.filter.filter(Boolean);
  return {
    all: request.all,
    keepBytes: Number(request.maxUsedSpace) || Number(request.reservedSpace) || undefined,
    unusedForMs: Number(request.keepDuration) / 1e6 || undefined,
    ...(filters.length > 0 && { ids: records.filter(cacheFilter(filters)).map(({ id }) => id) }),
  };
}

/** The records that `docker buildx du` wants: of a kind, or not used since a while. */
export function usageWanted(
  { filter, ageLimit }: DiskUsageRequest,
  records: readonly CacheUsage[],
): CacheUsage[] {
  const sinceMs = Date.now() - Number(ageLimit) / 1e6;
  const isOld = ({ lastUsedAtMs, createdAtMs }: CacheUsage) =>
    (lastUsedAtMs ?? createdAtMs) <= sinceMs;
  return records.filter(cacheFilter(filter)).filter((one) => Number(ageLimit) <= 0 || isOld(one));
}
