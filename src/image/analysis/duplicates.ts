import type { ImageTree } from './image-tree.ts';
import type { Stack } from './stack.ts';

/** Files of the finished image with the same content. */
export interface Duplicate {
  /** Of one of them. */
  readonly sizeBytes: number;
  readonly count: number;
  /** The bytes of all but one. */
  readonly wastedBytes: number;
  /** The first few, in the order of their layers. */
  readonly files: readonly { readonly path: string; readonly layer: number }[];
}

/** Below that, a copy costs little more than a link. */
const leastBytes = 4096;
const mostShown = 8;

/** The most wasteful first. Content is told by the size and 64 bits of its SHA-256. */
export function duplicatesOf(image: ImageTree, final: Stack): Duplicate[] {
  const bySize = new Map<number, number[]>();
  for (let path = 1; path < image.paths.count; path++) {
    if (!final.isSeen(path)) continue;
    const sizeBytes = final.sizeAt(path);
    if (sizeBytes < leastBytes) continue;
    const same = bySize.get(sizeBytes);
    if (same) same.push(path);
    else bySize.set(sizeBytes, [path]);
  }
  const found: Duplicate[] = [];
  for (const [sizeBytes, paths] of bySize) {
    if (paths.length < 2) continue;
    for (const same of Map.groupBy(paths, (path) => final.digestAt(path)).values()) {
      if (same.length < 2) continue;
      same.sort((a, b) => final.layerAt[a]! - final.layerAt[b]!);
      found.push({
        sizeBytes,
        count: same.length,
        wastedBytes: sizeBytes * (same.length - 1),
        files: same.slice(0, mostShown).map((path) => ({
          path: `/${image.paths.pathOf(path)}`,
          layer: final.layerAt[path]!,
        })),
      });
    }
  }
  return found.sort((a, b) => b.wastedBytes - a.wastedBytes);
}
