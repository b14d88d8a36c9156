import { digestHex } from '../../core/index.ts';
import type { ImageAnalysis, LayerTree, NodeKind } from '../../image/analysis/index.ts';
import { commandOf } from './layer-command.ts';

/** Tar's flags as numbers, which is how dive writes them; an implied directory has none. */
const flags: Record<NodeKind, number> = {
  implied: 0,
  file: 48,
  hardlink: 49,
  symlink: 50,
  'character-device': 51,
  'block-device': 52,
  directory: 53,
  fifo: 54,
  whiteout: 48,
};

/** The bits above the permissions in Go's os.FileMode. */
const goModes: Partial<Record<NodeKind, number>> = {
  directory: 2 ** 31,
  symlink: 2 ** 27,
  'block-device': 2 ** 26,
  'character-device': 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
};

/** The analysis as dive's `--json` writes it, piece by piece: with every file it may be long. */
export function* diveJson({ layers, tree, efficiency }: ImageAnalysis): Generator<string> {
  yield '{\n  "layer": [';
  for (const [index, layer] of layers.entries()) {
    const head = {
      index,
      id: digestHex(layer.digest),
      digestId: layer.diffId,
      sizeBytes: layer.sizeBytes,
      command: commandOf(layer),
    };
    yield `${index > 0 ? ',' : ''}\n    ${JSON.stringify(head).slice(0, -1)},"fileList":[`;
    yield* listed(files(tree.layers[index]!.tree));
    yield ']}';
  }
  const head = {
    sizeBytes: efficiency.sizeBytes,
    inefficientBytes: efficiency.wastedBytes,
    efficiencyScore: efficiency.score,
  };
  yield `\n  ],\n  "image": ${JSON.stringify(head).slice(0, -1)},"fileReference":[`;
  const references = efficiency.repeated.values();
  yield* listed(references.map(({ count, sizeBytes, path }) => ({ count, sizeBytes, file: path })));
  yield ']}\n}\n';
}

function* listed(values: Iterable<unknown>): Generator<string> {
  let first = true;
  for (const value of values) {
    yield `${first ? '' : ','}\n      ${JSON.stringify(value)}`;
    first = false;
  }
}

/** All nodes of a layer, by name, what lies in a directory before the directory itself. */
function* files(tree: LayerTree): Generator<object> {
  const children = Map.groupBy(
    Array.from({ length: tree.count - 1 }, (_, i) => i + 1),
    (node) => tree.paths.parentOf(node),
  );
  const sorted = (node: number) => {
    const named = (children.get(node) ?? []).map((id) => ({ id, name: tree.paths.nameOf(id) }));
    return named.sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ id }) => id);
  };
  const pending = [{ node: 0, rest: sorted(0), at: 0 }];
  while (pending.length > 0) {
    const top = pending.at(-1)!;
    const next = top.rest[top.at++];
    if (next !== undefined) pending.push({ node: next, rest: sorted(next), at: 0 });
    else {
      pending.pop();
      if (top.node !== 0) yield fileOf(tree, top.node);
    }
  }
}

function fileOf(tree: LayerTree, node: number): object {
  const kind = tree.kindOf(node);
  const isTold = kind !== 'implied';
  return {
    path: isTold ? tree.paths.pathOf(node) : '',
    typeFlag: flags[kind],
    linkName: tree.linkOf(node),
    size: tree.sizeOf(node),
    fileMode: isTold ? goMode(kind, tree.modeOf(node)) : 0,
    uid: tree.uidOf(node),
    gid: tree.gidOf(node),
    isDir: kind === 'directory',
  };
}

function goMode(kind: NodeKind, mode: number): number {
  const special =
    (mode & 0o4000 ? 2 ** 23 : 0) + (mode & 0o2000 ? 2 ** 22 : 0) + (mode & 0o1000 ? 2 ** 20 : 0);
  return (goModes[kind] ?? 0) + special + (mode & 0o777);
}
