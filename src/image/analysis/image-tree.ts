import type { LayerTree } from './layer-tree.ts';
import { whiteoutPrefix } from './layer-tree.ts';
import { noPath, PathTable, rootId } from './path-table.ts';

/** A layer within an image: its tree, and which path of the image each of its nodes speaks of. */
export interface PlacedLayer {
  readonly tree: LayerTree;
  /** By node: the image's path; for a whiteout, of what it hides. */
  readonly pathOfNode: Uint32Array;
  /** By node: 1 when nothing of this layer lies in it. */
  readonly isLeaf: Uint8Array;
}

/** The trees of all layers, lowest first, over one table of paths. */
export interface ImageTree {
  readonly paths: PathTable;
  readonly layers: readonly PlacedLayer[];
  /** Heads and links of the lists of what lies in a directory; `noPath` ends a list. */
  readonly firstChild: Int32Array;
  readonly nextSibling: Int32Array;
}

export function imageTree(trees: readonly LayerTree[]): ImageTree {
  const paths = new PathTable();
  const layers = trees.map((tree) => placed(tree, paths));
  const firstChild = new Int32Array(paths.count).fill(noPath);
  const nextSibling = new Int32Array(paths.count).fill(noPath);
  for (let id = paths.count - 1; id > rootId; id--) {
    const parent = paths.parentOf(id);
    nextSibling[id] = firstChild[parent]!;
    firstChild[parent] = id;
  }
  return { paths, layers, firstChild, nextSibling };
}

function placed(tree: LayerTree, paths: PathTable): PlacedLayer {
  const { count } = tree;
  const pathOfNode = new Uint32Array(count);
  const isLeaf = new Uint8Array(count).fill(1);
  isLeaf[rootId] = 0;
  for (let node = 1; node < count; node++) {
    const parent = tree.paths.parentOf(node);
    isLeaf[parent] = 0;
    const name = tree.paths.nameOf(node);
    pathOfNode[node] = paths.addChild(
      pathOfNode[parent]!,
      tree.isWhiteout(node) ? name.slice(whiteoutPrefix.length) : name,
    );
  }
  return { tree, pathOfNode, isLeaf };
}

/** What lies in a directory, in any layer, in no order. */
export function* childrenOf(tree: ImageTree, path: number): Generator<number, void, undefined> {
  for (let id = tree.firstChild[path]!; id !== noPath; id = tree.nextSibling[id]!) yield id;
}
