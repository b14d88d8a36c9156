import type { LineUsage } from '../builder.ts';
import type { LayerEntry } from '../ports.ts';

/** A layer that one line of the Dockerfile made. */
export interface LineLayer {
  readonly step: number;
  readonly line: number;
  readonly text: string;
  readonly entries: AsyncIterable<LayerEntry>;
}

interface Owned {
  readonly layer: number;
  readonly sizeBytes: number;
}

/**
 * The bytes each line added, and those that a later line overwrote or deleted: they are in the image
 * and nobody sees them. Layers from the bottom up, those of the base image left out.
 */
export async function lineUsage(layers: readonly LineLayer[]): Promise<LineUsage[]> {
  const files = new Map<string, Owned>();
  /** Paths in each folder that has any, so that a folder's deletion need not look at all files. */
  const children = new Map<string, Set<string>>();
  const added = layers.map(() => 0);
  const lost = layers.map(() => new Map<number, number>());

  const lose = (path: string, by: number): void => {
    const owned = files.get(path);
    if (!owned || owned.layer === by) return;
    const losses = lost[owned.layer]!;
    losses.set(by, (losses.get(by) ?? 0) + owned.sizeBytes);
    files.delete(path);
  };
  const loseBelow = (folder: string, by: number): void => {
    const pending = [folder];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (const path of children.get(at) ?? []) {
        lose(path, by);
        if (children.has(path)) pending.push(path);
      }
    }
  };

  for (const [index, layer] of layers.entries()) {
    for await (const { path, kind, sizeBytes } of layer.entries) {
      if (kind === 'opaque') loseBelow(path, index);
      else if (kind === 'whiteout' || kind !== 'directory') {
        lose(path, index);
        loseBelow(path, index);
      }
      if (kind !== 'file') continue;
      added[index]! += sizeBytes;
      files.set(path, { layer: index, sizeBytes });
      addChild(children, path);
    }
  }
  return layers.map(({ step, line, text }, index) => {
    const losses = [...lost[index]!].map(([by, bytes]) => ({ line: layers[by]!.line, bytes }));
    const lostBytes = losses.reduce((sum, { bytes }) => sum + bytes, 0);
    return { step, line, text, addedBytes: added[index]!, lostBytes, lostTo: losses };
  });
}

/** Enters a path in its folder, and that in its own, as far as they are not known. */
function addChild(children: Map<string, Set<string>>, path: string): void {
  for (let at = path; at !== ''; ) {
    const slash = at.lastIndexOf('/');
    const folder = slash < 0 ? '' : at.slice(0, slash);
    const siblings = children.get(folder);
    if (siblings) {
      siblings.add(at);
      return;
    }
    children.set(folder, new Set([at]));
    at = folder;
  }
}
