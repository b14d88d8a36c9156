import type { ImageTree } from './image-tree.ts';
import { Stack } from './stack.ts';

/** What a layer does to the files below it; directories are not counted. */
export interface LayerChanges {
  readonly added: number;
  readonly addedBytes: number;
  /** Files that stood there before, with other content, owner or mode. */
  readonly changed: number;
  readonly changedBytes: number;
  /** Files brought again though nothing about them is new. */
  readonly unchanged: number;
  readonly unchangedBytes: number;
  readonly removed: number;
  /** Bytes of the layers below that are out of sight with what was removed. */
  readonly removedBytes: number;
}

export function layerChanges(image: ImageTree): LayerChanges[] {
  const stack = new Stack(image);
  return image.layers.map(({ tree }) => {
    const changes = {
      added: 0,
      addedBytes: 0,
      changed: 0,
      changedBytes: 0,
      unchanged: 0,
      unchangedBytes: 0,
      removed: 0,
      removedBytes: 0,
    };
    stack.push({
      onAdded(_path, node) {
        if (tree.isDirectory(node)) return;
        changes.added++;
        changes.addedBytes += tree.sizeOf(node);
      },
      onReplaced({ path, lower, node }) {
        if (tree.isDirectory(node)) return;
        const below = image.layers[lower]!.tree;
        const at = stack.nodeAt[path]!;
        const same = tree.sameContent(node, below, at) && tree.sameOwnerAndMode(node, below, at);
        changes[same ? 'unchanged' : 'changed']++;
        changes[same ? 'unchangedBytes' : 'changedBytes'] += tree.sizeOf(node);
      },
      onHidden({ path, lower }) {
        const below = image.layers[lower]!.tree;
        const at = stack.nodeAt[path]!;
        if (below.isDirectory(at)) return;
        changes.removed++;
        changes.removedBytes += below.sizeOf(at);
      },
    });
    return changes;
  });
}
