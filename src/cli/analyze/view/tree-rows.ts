import type { DiffKind, ImageTree, LayerDiff } from '../../../image/analysis/index.ts';

export type SortOrder = 'name' | 'size';

/** All paths in the order a tree shows them, each directory before what lies in it. */
export interface TreeOrder {
  /** Paths by position. */
  readonly paths: Uint32Array;
  /** By position: where what lies in it ends. */
  readonly ends: Uint32Array;
  /** By position: 0 for what lies in the root. */
  readonly depths: Uint16Array;
}

/** Costs a sort of every directory, a second or so for a million paths. */
export function treeOrder(image: ImageTree, order: SortOrder, diff: LayerDiff): TreeOrder {
  const total = image.paths.count - 1;
  const paths = new Uint32Array(total);
  const ends = new Uint32Array(total);
  const depths = new Uint16Array(total);
  let next = 0;
  const open: { children: number[]; at: number; position: number }[] = [
    { children: sortedChildren(image, 0, order, diff), at: 0, position: -1 },
  ];
  while (open.length > 0) {
    const top = open.at(-1)!;
    if (top.at < top.children.length) {
      const path = top.children[top.at++]!;
      paths[next] = path;
      depths[next] = open.length - 1;
      open.push({ children: sortedChildren(image, path, order, diff), at: 0, position: next++ });
    } else {
      if (top.position >= 0) ends[top.position] = next;
      open.pop();
    }
  }
  return { paths, ends, depths };
}

const none: number[] = [];

function sortedChildren(
  image: ImageTree,
  path: number,
  order: SortOrder,
  diff: LayerDiff,
): number[] {
  if (image.firstChild[path]! < 0) return none;
  const named: { id: number; name: string }[] = [];
  for (let id = image.firstChild[path]!; id >= 0; id = image.nextSibling[id]!) {
    named.push({ id, name: image.paths.nameOf(id) });
  }
  if (named.length > 1) {
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    if (order === 'name') named.sort(byName);
    else named.sort((a, b) => diff.sizeOf(b.id) - diff.sizeOf(a.id) || byName(a, b));
  }
  return named.map(({ id }) => id);
}

export interface RowFilter {
  readonly hidden: ReadonlySet<DiffKind>;
  /** Paths to show, with their parents; all when left out. */
  readonly pattern?: RegExp | undefined;
  /** By path: directories whose content is folded away. */
  readonly folded: Uint8Array;
}

/** The positions of the rows to show. A directory is shown for the sake of what it holds. */
export function visibleRows(
  image: ImageTree,
  { order, diff }: { order: TreeOrder; diff: LayerDiff },
  { hidden, pattern, folded }: RowFilter,
): Uint32Array {
  const { paths, ends } = order;
  const matches = pattern && matching(image, order, pattern);
  const shown = new Uint8Array(image.paths.count);
  for (let position = paths.length - 1; position >= 0; position--) {
    const path = paths[position]!;
    const kind = diff.kindOf(path);
    if (kind === 'absent') continue;
    if (!hidden.has(kind) && (!matches || matches[path])) shown[path] = 1;
    if (shown[path]) shown[image.paths.parentOf(path)] = 1;
  }
  const rows = new Uint32Array(paths.length);
  let count = 0;
  for (let position = 0; position < paths.length; ) {
    const path = paths[position]!;
    if (shown[path]) rows[count++] = position;
    position = !shown[path] || folded[path] ? ends[position]! : position + 1;
  }
  return rows.slice(0, count);
}

/** By path: whether the pattern is found in it. */
function matching(image: ImageTree, { paths, depths }: TreeOrder, pattern: RegExp): Uint8Array {
  const found = new Uint8Array(image.paths.count);
  /** The paths of the directories around the row at hand, by depth. */
  const around: string[] = [];
  for (let position = 0; position < paths.length; position++) {
    const id = paths[position]!;
    const depth = depths[position]!;
    const path = `${depth > 0 ? around[depth - 1] : ''}/${image.paths.nameOf(id)}`;
    if (image.firstChild[id]! >= 0) around[depth] = path;
    if (pattern.test(path)) found[id] = 1;
  }
  return found;
}
