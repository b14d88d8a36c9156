import type { ImageTree, PlacedLayer } from './image-tree.ts';
import { noPath, rootId } from './path-table.ts';

/** No layer has put anything there, or what was there is gone. */
export const nowhere = -1;

/** Told what the layer that is being stacked does to what was there before it. */
export interface StackListener {
  /** The node at `path` of layer `lower` is gone, hidden by `node` of the layer at hand. */
  onHidden?(hidden: { path: number; lower: number; node: number }): void;
  /** The node at `path` of layer `lower` stands again in the layer at hand, as `node`. */
  onReplaced?(replaced: { path: number; lower: number; node: number }): void;
  onAdded?(path: number, node: number): void;
  /** All of a whiteout's subtree, what it hid being told; after its `onHidden` calls. */
  onWhiteout?(node: number, hidden: { wasDirectory: boolean; sizeBytes: number }): void;
}

/**
 * The files that are seen after some layers are stacked: for each path, the layer and node that
 * gave it. What is not seen has nothing seen below it.
 */
export class Stack {
  readonly #image: ImageTree;
  readonly #asDive: boolean;
  readonly layerAt: Int32Array;
  readonly nodeAt: Uint32Array;
  #height = 0;

  /**
   * Stacks as the image specification has it, or as dive reckons: there opaque directories hide
   * nothing, what lay in a directory outlives the file that takes its place, and a directory that
   * only the members in it tell of is no directory.
   */
  constructor(image: ImageTree, { asDive = false }: { asDive?: boolean } = {}) {
    this.#image = image;
    this.#asDive = asDive;
    this.layerAt = new Int32Array(image.paths.count).fill(nowhere);
    this.nodeAt = new Uint32Array(image.paths.count);
    this.layerAt[rootId] = 0;
  }

  /** Lays the next layer on top: first what it removes, then what it brings. */
  push(listener: StackListener = {}): void {
    const index = this.#height++;
    const layer = this.#image.layers[index]!;
    this.#hide(layer, listener);
    this.#bring(layer, index, listener);
  }

  isSeen(path: number): boolean {
    return this.layerAt[path] !== nowhere;
  }

  /** Whether what is seen at a path is this layer's node. */
  isFrom(path: number, layer: number, node: number): boolean {
    return this.layerAt[path] === layer && this.nodeAt[path] === node;
  }

  /** Whether what is seen at a path is a directory. */
  isDirectory(path: number): boolean {
    if (path === rootId) return true;
    const { tree } = this.#image.layers[this.layerAt[path]!]!;
    const node = this.nodeAt[path]!;
    return this.#asDive ? tree.kindOf(node) === 'directory' : tree.isDirectory(node);
  }

  /** Size of what is seen at a path. */
  sizeAt(path: number): number {
    return this.#image.layers[this.layerAt[path]!]!.tree.sizeOf(this.nodeAt[path]!);
  }

  digestAt(path: number): string {
    return this.#image.layers[this.layerAt[path]!]!.tree.digestOf(this.nodeAt[path]!);
  }

  /** Visits all that is seen below a path, a directory before what lies in it. */
  walk(path: number, visit: (path: number) => void): void {
    const { firstChild, nextSibling } = this.#image;
    for (let child = firstChild[path]!; child !== noPath; child = nextSibling[child]!) {
      if (!this.isSeen(child)) continue;
      visit(child);
      this.walk(child, visit);
    }
  }

  #hide(layer: PlacedLayer, listener: StackListener): void {
    const { tree, pathOfNode } = layer;
    if (!this.#asDive) {
      for (const node of tree.opaque) this.#removeBelow(pathOfNode[node]!, node, listener);
    }
    for (let node = 1; node < tree.count; node++) {
      if (!tree.isWhiteout(node)) continue;
      const path = pathOfNode[node]!;
      const wasDirectory = this.isSeen(path) && this.isDirectory(path);
      const sizeBytes = this.#remove(path, node, listener);
      listener.onWhiteout?.(node, { wasDirectory, sizeBytes });
    }
  }

  #bring(layer: PlacedLayer, index: number, listener: StackListener): void {
    const { tree, pathOfNode } = layer;
    for (let node = 1; node < tree.count; node++) {
      if (tree.isWhiteout(node)) continue;
      const path = pathOfNode[node]!;
      const lower = this.layerAt[path]!;
      if (lower === nowhere) listener.onAdded?.(path, node);
      else {
        if (!this.#asDive && this.isDirectory(path)) {
          // An implied directory says nothing of the one that stands there.
          if (tree.kindOf(node) === 'implied') continue;
          if (!tree.isDirectory(node)) this.#removeBelow(path, node, listener);
        }
        listener.onReplaced?.({ path, lower, node });
      }
      this.layerAt[path] = index;
      this.nodeAt[path] = node;
    }
  }

  /** Removes a path with all in it, and gives the sum of the sizes. */
  #remove(path: number, node: number, listener: StackListener): number {
    const lower = this.layerAt[path]!;
    if (lower === nowhere || path === rootId) return 0;
    const below = this.#removeBelow(path, node, listener);
    listener.onHidden?.({ path, lower, node });
    this.layerAt[path] = nowhere;
    return below + this.#image.layers[lower]!.tree.sizeOf(this.nodeAt[path]!);
  }

  #removeBelow(path: number, node: number, listener: StackListener): number {
    const { firstChild, nextSibling } = this.#image;
    let sizeBytes = 0;
    // Depth is bounded by the longest path Linux takes, so recursion is safe.
    for (let child = firstChild[path]!; child !== noPath; child = nextSibling[child]!) {
      sizeBytes += this.#remove(child, node, listener);
    }
    return sizeBytes;
  }
}

/** All layers of an image, stacked. */
export function stackAll(image: ImageTree): Stack {
  const stack = new Stack(image);
  for (let layer = 0; layer < image.layers.length; layer++) stack.push();
  return stack;
}
