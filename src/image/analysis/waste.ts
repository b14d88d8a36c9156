import type { ImageTree } from './image-tree.ts';
import { linkGroups } from './link-groups.ts';
import { Stack } from './stack.ts';

/**
 * What became of bytes that a layer brought: a later one removed them, wrote other content in their
 * place, brought the same content again with other owner or mode, or the very same file again.
 */
export type WasteKind = 'removed' | 'rewritten' | 'reowned' | 'repeated';

/** Bytes of one layer that another one made useless. */
export interface Waste {
  /** Indexes of the layer that brought them and of the one that hid them. */
  readonly broughtBy: number;
  readonly undoneBy: number;
  readonly kind: WasteKind;
  readonly files: number;
  readonly sizeBytes: number;
  /** The largest of the files, at most five; paths with a leading slash. */
  readonly examples: readonly { readonly path: string; readonly sizeBytes: number }[];
}

const mostExamples = 5;

/**
 * Who wasted how much, the most wasteful pair of layers first. Every hidden file counts once; one
 * with hard links only when the last of its names is hidden.
 */
export function wasteOf(image: ImageTree): Waste[] {
  const found = new Map<string, OpenWaste>();
  const groups = image.layers.map(linkGroups);
  const stack = new Stack(image);
  image.layers.forEach(({ tree }, index) => {
    const add = (path: number, lower: number, kindOf: () => WasteKind) => {
      const node = stack.nodeAt[path]!;
      const group = groups[lower]!.get(node);
      if (group && --group.namesLeft > 0) return;
      const sizeBytes = image.layers[lower]!.tree.sizeOf(group?.file ?? node);
      if (sizeBytes === 0) return;
      const waste = wasteAmong(found, { broughtBy: lower, undoneBy: index, kind: kindOf() });
      waste.files++;
      waste.sizeBytes += sizeBytes;
      keepLargest(waste.largest, { path, sizeBytes });
    };
    stack.push({
      onHidden: ({ path, lower }) => add(path, lower, () => 'removed'),
      onReplaced: ({ path, lower, node }) =>
        add(path, lower, () => {
          const below = image.layers[lower]!.tree;
          const at = stack.nodeAt[path]!;
          if (!tree.sameContent(node, below, at)) return 'rewritten';
          return tree.sameOwnerAndMode(node, below, at) ? 'repeated' : 'reowned';
        }),
    });
  });
  return [...found.values()]
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .map(({ largest, ...waste }) => ({
      ...waste,
      examples: largest.map(({ path, sizeBytes }) => ({
        path: `/${image.paths.pathOf(path)}`,
        sizeBytes,
      })),
    }));
}

/** The entry for this cause, made when it is the first. */
function wasteAmong(
  found: Map<string, OpenWaste>,
  cause: Pick<Waste, 'broughtBy' | 'undoneBy' | 'kind'>,
): OpenWaste {
  const key = `${cause.broughtBy} ${cause.undoneBy} ${cause.kind}`;
  let waste = found.get(key);
  if (!waste) {
    waste = { ...cause, files: 0, sizeBytes: 0, largest: [] };
    found.set(key, waste);
  }
  return waste;
}

type OpenWaste = { -readonly [Key in Exclude<keyof Waste, 'examples'>]: Waste[Key] } & {
  largest: { path: number; sizeBytes: number }[];
};

function keepLargest(
  largest: { path: number; sizeBytes: number }[],
  file: { path: number; sizeBytes: number },
): void {
  if (largest.length === mostExamples && largest.at(-1)!.sizeBytes >= file.sizeBytes) return;
  largest.push(file);
  largest.sort((a, b) => b.sizeBytes - a.sizeBytes);
  if (largest.length > mostExamples) largest.pop();
}
