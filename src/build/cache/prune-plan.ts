import type { CachePruneOptions, CacheUsage } from '../builder.ts';
import type { TopLayer } from '../ports.ts';

/** What the cache keeps; `top` is the layer a record leads to. */
export interface CacheEntry extends CacheUsage {
  readonly top?: TopLayer;
}

/**
 * Which entries to delete, in order: least recently used first and, of those used by the same
 * build, the later steps before those they stand on. Pure.
 */
export function prunePlan(
  entries: readonly CacheEntry[],
  options: CachePruneOptions,
  nowMs: number,
): CacheEntry[] {
  const candidates = entries.filter((entry) => mayGo(entry, options, nowMs)).sort(olderFirst);
  if (options.keepBytes === undefined) return candidates;
  const users = new Map<string, number>();
  for (const { top } of entries) if (top) users.set(top.layer, (users.get(top.layer) ?? 0) + 1);
  // What an image keeps anyway takes no space of the cache's.
  let totalBytes = entries.reduce(
    (sum, { shared, sizeBytes }) => sum + (shared ? 0 : sizeBytes),
    0,
  );
  const chosen: CacheEntry[] = [];
  for (const entry of candidates) {
    if (totalBytes <= options.keepBytes) break;
    chosen.push(entry);
    totalBytes -= bytesGoneWith(entry, users);
  }
  return chosen;
}

/** A layer's bytes go with the last record that leads to it. */
function bytesGoneWith({ top, sizeBytes }: CacheEntry, users: Map<string, number>): number {
  if (!top) return sizeBytes;
  const left = users.get(top.layer)! - 1;
  users.set(top.layer, left);
  return left === 0 && !top.isOfImage ? sizeBytes : 0;
}

function mayGo(entry: CacheEntry, options: CachePruneOptions, nowMs: number): boolean {
  const { ids, type, inUse, shared, description, unusedForMs } = options;
  if (entry.inUse) return false;
  if (entry.top?.isOfImage && !options.all && shared !== true) return false;
  if (inUse === true) return false;
  if (shared !== undefined && entry.shared !== shared) return false;
  if (ids && !ids.some((id) => entry.id.startsWith(id))) return false;
  if (type !== undefined && entry.type !== type) return false;
  if (description !== undefined && !entry.description.includes(description)) return false;
  return unusedForMs === undefined || nowMs - lastUse(entry) >= unusedForMs;
}

export function lastUse({ lastUsedAtMs, createdAtMs }: CacheUsage): number {
  return lastUsedAtMs ?? createdAtMs;
}

function olderFirst(a: CacheUsage, b: CacheUsage): number {
  return lastUse(a) - lastUse(b) || b.createdAtMs - a.createdAtMs;
}
