import type { ImageTree } from './image-tree.ts';
import { rootId } from './path-table.ts';
import { Stack } from './stack.ts';

/** How a path differs between two stacks of layers; `absent` from both. */
const diffKinds = ['absent', 'unmodified', 'modified', 'added', 'removed'] as const;
export type DiffKind = (typeof diffKinds)[number];

const absent = 0;
const unmodified = 1;
const modified = 2;
const added = 3;
const removed = 4;

/** Two stacks of an image's layers beside each other, a fact a column, by path. */
export interface LayerDiff {
  kindOf(path: number): DiffKind;
  /** A file's size, or the sum of all below a directory; what is removed counts below the removed alone. */
  sizeOf(path: number): number;
  /** The layer and node to show at a path: the upper stack's, or the lower one's if removed. */
  nodeOf(path: number): { layer: number; node: number };
}

/**
 * What the lowest `upper` layers show, against what the lowest `lower` ones show. A directory is
 * modified when anything in it differs. Takes time in proportion to the image's paths.
 */
export function layerDiff(
  image: ImageTree,
  { lower, upper }: { lower: number; upper: number },
): LayerDiff {
  const stack = new Stack(image);
  for (let layer = 0; layer < lower; layer++) stack.push();
  const before = { layerAt: stack.layerAt.slice(), nodeAt: stack.nodeAt.slice() };
  for (let layer = lower; layer < upper; layer++) stack.push();

  const { count } = image.paths;
  const kinds = new Uint8Array(count);
  const sizes = new Float64Array(count);
  const nodeOf = (path: number) => {
    const from = kinds[path] === removed ? before : stack;
    return { layer: from.layerAt[path]!, node: from.nodeAt[path]! };
  };
  const treeOf = (layer: number) => image.layers[layer]!.tree;
  const compare = (path: number): number => {
    const wasIn = before.layerAt[path]!;
    const isIn = stack.layerAt[path]!;
    if (wasIn < 0) return isIn < 0 ? absent : added;
    if (isIn < 0) return removed;
    const was = before.nodeAt[path]!;
    const is = stack.nodeAt[path]!;
    if (wasIn === isIn && was === is) return unmodified;
    const tree = treeOf(isIn);
    const same =
      tree.sameContent(is, treeOf(wasIn), was) && tree.sameOwnerAndMode(is, treeOf(wasIn), was);
    return same ? unmodified : modified;
  };

  // Parents come before what lies in them, so from the end all of a directory is known before it.
  for (let path = 1; path < count; path++) kinds[path] = compare(path);
  for (let path = count - 1; path > rootId; path--) {
    const kind = kinds[path]!;
    if (kind === absent) continue;
    const { layer, node } = nodeOf(path);
    sizes[path]! += treeOf(layer).sizeOf(node);
    const parent = image.paths.parentOf(path);
    const parentKind = kinds[parent]!;
    if (kind !== unmodified && parentKind === unmodified) kinds[parent] = modified;
    if (kind !== removed || parentKind === removed) sizes[parent]! += sizes[path]!;
  }
  return {
    kindOf: (path) => diffKinds[kinds[path]!]!,
    sizeOf: (path) => sizes[path]!,
    nodeOf,
  };
}
