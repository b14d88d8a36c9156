import type { CachePruneOptions, CacheUsage } from '../../../build/index.ts';
import { unsupported } from '../../../core/index.ts';
import type { PruneRequest, UsageRecord } from './control-messages.ts';
import { timestampOf } from './status-messages.ts';

/** A record of the build cache as `docker buildx du` shows it. */
export function usageRecordOf(usage: CacheUsage): UsageRecord {
  return {
    ID: usage.id,
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

/** Whether a record is one of those that `docker buildx du --filter` wants. Throws `unsupported`. */
export function usageMatches(usage: CacheUsage, filters: readonly string[]): boolean {
  return filters.filter(Boolean).every((text) => {
    const { ids, type, description, inUse, shared } = filterOf(text);
    return (
      (ids?.includes(usage.id) ?? true) &&
      (type ?? usage.type) === usage.type &&
      (description ?? usage.description) === usage.description &&
      (inUse ?? usage.inUse) === usage.inUse &&
      (shared ?? usage.shared) === usage.shared
    );
  });
}

/** What `docker buildx prune` asks for. Throws `unsupported` for a filter that is not known. */
export function cacheOptionsOf(request: PruneRequest): CachePruneOptions {
  const keepBytes = Number(request.maxUsedSpace) || Number(request.reservedSpace) || undefined;
  const unusedForMs = Number(request.keepDuration) / 1e6 || undefined;
  const options = { all: request.all, keepBytes, unusedForMs };
  return Object.assign(options, ...request.filter.filter(Boolean).map(filterOf));
}

/** One filter in containerd's words: `id==x`, `type==regular`, `inuse`, `shared`. */
function filterOf(text: string): Partial<CachePruneOptions> {
  const [name = '', value] = text.split(/==|=/, 2);
  switch (name) {
    case 'id':
      return { ids: [value ?? ''] };
    case 'type':
      return { type: value };
    case 'description':
      return { description: value };
    case 'inuse':
      return { inUse: value !== 'false' };
    case 'shared':
      return { shared: value !== 'false' };
    case 'private':
      return { shared: value === 'false' };
    default:
      throw unsupported(`list build cache: the filter ${JSON.stringify(text)} is not supported`);
  }
}
