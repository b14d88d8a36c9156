import type { CachePruneOptions, CacheUsage } from '../../../build/index.ts';
import { parseDuration } from '../../../core/index.ts';
import { json, type Reply } from '../../http/reply.ts';
import type { ApiRequest } from '../../http/route.ts';
import { type Filters, filtersOf } from '../filters.ts';
import { parseTimestamp, rfc3339 } from '../timestamp.ts';
import type { BuildPorts } from './ports.ts';

/** `docker builder prune`. */
export async function pruneBuildCache(
  { cache }: BuildPorts,
  { query }: ApiRequest,
): Promise<Reply> {
  const filters = filtersOf(query).allow(
    ...['until', 'unused-for', 'id', 'parent', 'type', 'description', 'inuse', 'shared', 'private'],
  );
  const options: CachePruneOptions = {
    all: query.flag('all'),
    keepBytes: query.integer('max-used-space') ?? query.integer('keep-storage'),
    unusedForMs: unusedFor(filters),
    ids: filters.has('id') ? filters.values('id') : undefined,
    type: filters.values('type')[0],
    inUse: filters.has('inuse') ? filters.flag('inuse', true) : undefined,
    shared: sharedOnly(filters),
    description: filters.values('description')[0],
  };
  const { deleted, reclaimedBytes } = await cache.prune(options);
  return json({
    CachesDeleted: deleted.length > 0 ? deleted : null,
    SpaceReclaimed: reclaimedBytes,
  });
}

/** `until` is a duration or a time; both mean: not used since. */
function unusedFor(filters: Filters): number | undefined {
  const [unused] = filters.values('unused-for');
  if (unused !== undefined) return parseDuration(unused);
  const sinceMs = parseTimestamp(filters.values('until')[0] ?? '');
  return sinceMs === undefined ? undefined : Math.max(0, Date.now() - sinceMs);
}

function sharedOnly(filters: Filters): boolean | undefined {
  if (filters.has('shared')) return filters.flag('shared', true);
  return filters.has('private') ? !filters.flag('private', true) : undefined;
}

/** A record of the build cache as `docker system df -v` shows it. */
export function cacheUsageView(usage: CacheUsage): unknown {
  return {
    ID: usage.id,
    ...(usage.parents.length > 0 && { Parents: usage.parents }),
    Type: usage.type,
    Description: usage.description,
    InUse: usage.inUse,
    Shared: usage.shared,
    Size: usage.sizeBytes,
    CreatedAt: rfc3339(usage.createdAtMs),
    LastUsedAt: usage.lastUsedAtMs === undefined ? null : rfc3339(usage.lastUsedAtMs),
    UsageCount: usage.uses,
  };
}
