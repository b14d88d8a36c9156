import type { CachePruneOptions, CacheUsage } from '../builder.ts';

/**
 * Which entries to delete, in order: least recently used first and, of those used by the same
 * build, the later steps before those they stand on. Pure.
 */
export function prunePlan(
  entries: readonly CacheUsage[],
  options: CachePruneOptions,
  nowMs: number,
): CacheUsage[] {
  const candidates = entries.filter((entry) => mayGo(entry, options, nowMs)).sort(olderFirst);
  if (options.keepBytes === undefined) return candidates;
  // What an image keeps anyway takes no space of the cache's.
  let totalBytes = entries.reduce((sum, entry) => sum + ownBytes(entry), 0);
  const chosen: CacheUsage[] = [];
  for (const entry of candidates) {
    if (totalBytes <= options.keepBytes) break;
    chosen.push(entry);
    totalBytes -= ownBytes(entry);
  }
  return chosen;
}

function ownBytes({ shared, sizeBytes }: CacheUsage): number {
  return shared ? 0 : sizeBytes;
}

function mayGo(entry: CacheUsage, options: CachePruneOptions, nowMs: number): boolean {
  const { ids, type, inUse, shared, description, unusedForMs } = options;
  if (entry.inUse) return false;
  if (entry.shared && !options.all && shared !== true) return false;
  if (inUse === true) return false;
  if (shared !== undefined && entry.shared !== shared) return false;
  if (ids && !ids.some((id) => entry.id.startsWith(id))) return false;
  if (type !== undefined && entry.type !== type) return false;
  if (description !== undefined && !entry.description.includes(description)) return false;
  return unusedForMs === undefined || nowMs - lastUse(entry) >= unusedForMs;
}

function lastUse({ lastUsedAtMs, createdAtMs }: CacheUsage): number {
  return lastUsedAtMs ?? createdAtMs;
}

function olderFirst(a: CacheUsage, b: CacheUsage): number {
  return lastUse(a) - lastUse(b) || b.createdAtMs - a.createdAtMs;
}
