import type { ImageAnalysis } from './analyze-image.ts';
import type { InstalledPackage } from './inventory.ts';
import { PathTable, rootId } from './path-table.ts';

/** Two images beside each other: what the second has more of, or less. Sizes are of what is seen. */
export interface ImageComparison {
  readonly before: number;
  readonly after: number;
  /** Where the difference lies, the largest first; no path lies in another one's share. */
  readonly paths: readonly PathChange[];
  /** The packages that differ, the largest difference first. */
  readonly packages: readonly PackageChange[];
}

export interface PathChange {
  readonly path: string;
  /** Set when the larger changes in this directory have lines of their own. */
  readonly isRest: boolean;
  readonly before: number;
  readonly after: number;
}

export interface PackageChange {
  readonly kind: InstalledPackage['kind'];
  readonly name: string;
  /** Versions in the first and in the second image; none where it is missing. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

export function compareImages(
  before: ImageAnalysis,
  after: ImageAnalysis,
  { most }: { most: number },
): ImageComparison {
  const sizes = unionOf(before, after);
  return {
    before: sizes.before[rootId]!,
    after: sizes.after[rootId]!,
    paths: largestChanges(sizes, most),
    packages: packageChanges(before.inventory.packages, after.inventory.packages),
  };
}

/** The paths of both images, with the sizes of all that lies in each. */
interface UnionSizes {
  readonly paths: PathTable;
  readonly before: Float64Array;
  readonly after: Float64Array;
}

function unionOf(one: ImageAnalysis, other: ImageAnalysis): UnionSizes {
  const paths = new PathTable();
  const idsOf = ({ tree, final }: ImageAnalysis) => {
    const ids = new Uint32Array(tree.paths.count);
    for (let path = 1; path < ids.length; path++) {
      if (!final.isSeen(path)) continue;
      ids[path] = paths.addChild(ids[tree.paths.parentOf(path)]!, tree.paths.nameOf(path));
    }
    return ids;
  };
  const [oneIds, otherIds] = [idsOf(one), idsOf(other)];
  const sumOf = ({ final }: ImageAnalysis, ids: Uint32Array) => {
    const sizes = new Float64Array(paths.count);
    ids.forEach((id, path) => {
      if (id !== rootId) sizes[id]! += final.sizeAt(path);
    });
    for (let id = paths.count - 1; id > rootId; id--) sizes[paths.parentOf(id)]! += sizes[id]!;
    return sizes;
  };
  return { paths, before: sumOf(one, oneIds), after: sumOf(other, otherIds) };
}

/** Opens the directory with the largest change, again and again, while that tells more. */
function largestChanges({ paths, before, after }: UnionSizes, most: number): PathChange[] {
  const changeOf = (id: number) => Math.abs(after[id]! - before[id]!);
  const children = new Map<number, number[]>();
  let total = 0;
  for (let id = 1; id < paths.count; id++) {
    if (changeOf(id) === 0) continue;
    const parent = paths.parentOf(id);
    const siblings = children.get(parent);
    if (siblings) siblings.push(id);
    else children.set(parent, [id]);
    if (parent === rootId) total += changeOf(id);
  }
  const least = total / 100;
  const done: PathChange[] = [];
  const changeAt = (id: number) => ({
    path: `/${paths.pathOf(id)}`,
    isRest: false,
    before: before[id]!,
    after: after[id]!,
  });
  const open = (children.get(rootId) ?? []).toSorted((a, b) => changeOf(a) - changeOf(b));
  while (open.length > 0) {
    const id = open.pop()!;
    const large = (children.get(id) ?? []).filter((child) => changeOf(child) >= least);
    const told = large.reduce((sum, child) => sum + changeOf(child), 0);
    const isWorthIt = told * 2 >= changeOf(id) && done.length + open.length + large.length <= most;
    if (large.length === 0 || !isWorthIt) {
      done.push(changeAt(id));
      continue;
    }
    const rest = restOf(changeAt(id), large.map(changeAt));
    if (rest.before !== rest.after) done.push(rest);
    open.push(...large);
    open.sort((a, b) => changeOf(a) - changeOf(b));
  }
  const size = (change: PathChange) => Math.abs(change.after - change.before);
  return done.sort((a, b) => size(b) - size(a)).slice(0, most);
}

function restOf(whole: PathChange, parts: readonly PathChange[]): PathChange {
  return {
    ...whole,
    isRest: true,
    before: parts.reduce((left, part) => left - part.before, whole.before),
    after: parts.reduce((left, part) => left - part.after, whole.after),
  };
}

function packageChanges(
  before: readonly InstalledPackage[],
  after: readonly InstalledPackage[],
): PackageChange[] {
  const keyOf = ({ kind, name }: InstalledPackage) => `${kind} ${name}`;
  const old = Map.groupBy(before, keyOf);
  const fresh = Map.groupBy(after, keyOf);
  const changes: PackageChange[] = [];
  for (const key of new Set([...old.keys(), ...fresh.keys()])) {
    const [was, is] = [old.get(key) ?? [], fresh.get(key) ?? []];
    const change = {
      kind: (is[0] ?? was[0]!).kind,
      name: (is[0] ?? was[0]!).name,
      before: versionsOf(was),
      after: versionsOf(is),
      beforeBytes: bytesOf(was),
      afterBytes: bytesOf(is),
    };
    if (change.before.join() !== change.after.join()) changes.push(change);
  }
  const size = (change: PackageChange) => Math.abs(change.afterBytes - change.beforeBytes);
  return changes.sort((a, b) => size(b) - size(a) || (a.name < b.name ? -1 : 1));
}

function versionsOf(packages: readonly InstalledPackage[]): string[] {
  return [...new Set(packages.map(({ version }) => version))].sort();
}

function bytesOf(packages: readonly InstalledPackage[]): number {
  return packages.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
}
