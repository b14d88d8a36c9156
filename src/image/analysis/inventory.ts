import { childrenOf, type ImageTree } from './image-tree.ts';
import type { LayerContents } from './layer-probe.ts';
import type { Package } from './packages/package.ts';
import type { SecretKind } from './secrets.ts';
import { Stack } from './stack.ts';

/** A package that the finished image has. */
export interface InstalledPackage extends Package {
  /** Of the file that told of it, with a leading slash, and the layer that brought that file. */
  readonly path: string;
  readonly layer: number;
}

export interface FoundSecret {
  readonly kind: SecretKind;
  readonly path: string;
  readonly layer: number;
  /** The layer that removed or replaced it, though it still can be read below. */
  readonly hiddenBy: number | undefined;
}

/** What the contents of an image's files tell. */
export interface Inventory {
  readonly packages: readonly InstalledPackage[];
  readonly secrets: readonly FoundSecret[];
  /** Package databases that are there but could not be read. */
  readonly unread: readonly { readonly path: string; readonly layer: number }[];
  /** Fields of os-release. */
  readonly osRelease: ReadonlyMap<string, string>;
}

/** `final` is the stack of all layers. */
export function inventoryOf(
  image: ImageTree,
  contents: readonly LayerContents[],
  final: Stack,
): Inventory {
  return {
    packages: contents.flatMap((one, layer) => packagesOf(image, { contents: one, layer, final })),
    secrets: findSecrets(image, contents),
    unread: contents.flatMap((one, layer) => unreadIn(image, { contents: one, layer, final })),
    osRelease: osReleaseOf(image, contents, final),
  };
}

function packagesOf(
  image: ImageTree,
  { contents, layer, final }: { contents: LayerContents; layer: number; final: Stack },
): InstalledPackage[] {
  const { tree, pathOfNode } = image.layers[layer]!;
  const found: InstalledPackage[] = [];
  for (const { node, packages } of contents.packages) {
    const id = pathOfNode[node]!;
    if (!final.isFrom(id, layer, node)) continue;
    const path = `/${image.paths.pathOf(id)}`;
    for (const one of packages) {
      const folder = tree.paths.parentOf(node);
      const sizeBytes =
        one.kind === 'npm'
          ? folderBytes(image, final, pathOfNode[folder]!)
          : (one.sizeBytes ?? contents.recordedBytes.get(folder));
      found.push({ ...one, ...(sizeBytes !== undefined && { sizeBytes }), path, layer });
    }
  }
  return found;
}

function unreadIn(
  image: ImageTree,
  { contents, layer, final }: { contents: LayerContents; layer: number; final: Stack },
): Inventory['unread'] {
  return contents.unread.flatMap((node) => {
    const id = image.layers[layer]!.pathOfNode[node]!;
    return final.isFrom(id, layer, node) ? [{ path: `/${image.paths.pathOf(id)}`, layer }] : [];
  });
}

/** The bytes seen in a npm package's folder, without the packages nested in it. */
function folderBytes(image: ImageTree, final: Stack, folder: number): number {
  let sizeBytes = 0;
  const pending = [folder];
  while (pending.length > 0) {
    for (const child of childrenOf(image, pending.pop()!)) {
      if (!final.isSeen(child)) continue;
      sizeBytes += final.sizeAt(child);
      if (final.isDirectory(child) && image.paths.nameOf(child) !== 'node_modules') {
        pending.push(child);
      }
    }
  }
  return sizeBytes;
}

function findSecrets(image: ImageTree, contents: readonly LayerContents[]): FoundSecret[] {
  const found: { -readonly [Key in keyof FoundSecret]: FoundSecret[Key] }[] = [];
  const seen: { secret: (typeof found)[number]; id: number; node: number }[] = [];
  const stack = new Stack(image);
  contents.forEach(({ secrets }, layer) => {
    stack.push();
    for (const { node, kind } of secrets) {
      const id = image.layers[layer]!.pathOfNode[node]!;
      const path = `/${image.paths.pathOf(id)}`;
      const secret = { kind, path, layer, hiddenBy: undefined };
      found.push(secret);
      seen.push({ secret, id, node });
    }
    for (const { secret, id, node } of seen) {
      if (secret.hiddenBy === undefined && !stack.isFrom(id, secret.layer, node)) {
        secret.hiddenBy = layer;
      }
    }
  });
  return found;
}

function osReleaseOf(
  image: ImageTree,
  contents: readonly LayerContents[],
  final: Stack,
): ReadonlyMap<string, string> {
  for (const [layer, { osRelease }] of [...contents.entries()].reverse()) {
    if (!osRelease) continue;
    const id = image.layers[layer]!.pathOfNode[osRelease.node]!;
    if (final.isFrom(id, layer, osRelease.node)) return osRelease.fields;
  }
  return new Map();
}
