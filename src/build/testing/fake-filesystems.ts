import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { collect, type Digest, digestOf, internal, notFound, streamOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import type { Chain, CommittedStep, Filesystems, LayerEntry, Layers } from '../ports.ts';
import { entriesOf, hasSurroundings } from './fake-trees.ts';

interface Layer extends CommittedStep {
  readonly parent: Chain;
  readonly folder: string;
}

export interface FakeFilesystems extends Filesystems {
  /** Where a stack's files stand, for looking at them. */
  folderOf(chain: Chain): string;
  readonly layersByChain: ReadonlyMap<Digest, Layer>;
  /** Writable filesystems and views that were not given back. */
  open(): number;
  readonly layerPort: Layers;
}

/** Filesystems as whole copies below a temporary folder; a layer's digest has its files' times in it. */
export function createFakeFilesystems(root: string): FakeFilesystems {
  const layers = new Map<Digest, Layer>();
  let open = 0;
  const empty = join(root, 'empty');
  mkdirSync(empty, { recursive: true });
  const folderOf = (chain: Chain): string => {
    if (chain === null) return empty;
    const layer = layers.get(chain);
    if (!layer) throw notFound(`snapshot ${chain}: not found`);
    return layer.folder;
  };

  function add(parent: Chain, folder: string, known?: Digest): Layer {
    const before = entriesOf(folderOf(parent));
    const changed = [...entriesOf(folder)].filter(
      ([path, entry]) => path !== '' && JSON.stringify(before.get(path)) !== JSON.stringify(entry),
    );
    const gone = [...before.keys()].filter((path) => !entriesOf(folder).has(path));
    const diffId = known ?? digestOf(JSON.stringify([changed, gone]));
    const chain = parent === null ? diffId : digestOf(`${parent} ${diffId}`);
    const sizeBytes = changed.reduce((sum, [, entry]) => sum + entry.sizeBytes, 0);
    const layer = { chain, diffId, sizeBytes, parent, folder };
    layers.set(chain, layer);
    return layer;
  }

  /** A layer's files, for travelling. */
  function packed({ parent, folder, diffId }: Layer) {
    const before = entriesOf(folderOf(parent));
    const files: Record<string, string> = {};
    for (const [path, entry] of entriesOf(folder)) {
      if (entry.type !== 'file' || before.get(path)?.digest === entry.digest) continue;
      files[path] = readFileSync(join(folder, path), 'utf8');
    }
    return { diffId, files };
  }

  function contentOf(folder: string): Digest {
    const entries = [...entriesOf(folder)].map(([path, { mtimeMs: _, ...rest }]) => [path, rest]);
    return digestOf(JSON.stringify(entries));
  }

  return {
    layersByChain: layers,
    folderOf,
    open: () => open,
    has: async (chain) => layers.has(chain),
    async prepare(parent) {
      const folder = mkdtempSync(join(root, 'snapshot-'));
      cpSync(folderOf(parent), folder, {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
      open++;
      let committed = false;
      let disposed = false;
      return {
        id: folder,
        upperPath: folder,
        mount: async () => folder,
        async commit({ signal }) {
          signal?.throwIfAborted();
          await nextTurn();
          if (disposed) throw internal('commit: the filesystem is gone');
          committed = true;
          const { chain, diffId, sizeBytes } = add(parent, folder);
          return { chain, diffId, sizeBytes, contentDigest: contentOf(folder) };
        },
        async [Symbol.asyncDispose]() {
          open--;
          disposed = true;
          if (!committed) rmSync(folder, { recursive: true });
        },
      };
    },
    async view(chain) {
      open++;
      return {
        rootPath: folderOf(chain),
        async [Symbol.asyncDispose]() {
          open--;
        },
      };
    },
    async layers(chain) {
      const stack: CommittedStep[] = [];
      for (let at: Chain = chain; at !== null; at = layers.get(at)!.parent) {
        folderOf(at);
        const { diffId, sizeBytes } = layers.get(at)!;
        stack.unshift({ chain: at, diffId, sizeBytes });
      }
      return stack;
    },
    async restack(chain, parent) {
      const layer = layers.get(chain)!;
      const folder = mkdtempSync(join(root, 'restacked-'));
      const as = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
      cpSync(folderOf(parent), folder, as);
      const before = entriesOf(folderOf(layer.parent));
      for (const [path, entry] of entriesOf(layer.folder)) {
        if (path === '' || JSON.stringify(before.get(path)) === JSON.stringify(entry)) continue;
        if (entry.type === 'directory') mkdirSync(join(folder, path), { recursive: true });
        else cpSync(join(layer.folder, path), join(folder, path), as);
      }
      return add(parent, folder, layer.diffId);
    },
    mayRestack: async (_chain, parent, surroundings) =>
      hasSurroundings(folderOf(parent), surroundings),
    async release(chain) {
      const layer = layers.get(chain);
      if (!layer || [...layers.values()].some(({ parent }) => parent === chain)) {
        return { freedBytes: 0 };
      }
      layers.delete(chain);
      rmSync(layer.folder, { recursive: true });
      return { freedBytes: layer.sizeBytes };
    },
    tops: async (chains) =>
      new Map(
        chains.flatMap((chain) => {
          const layer = layers.get(chain);
          return layer ? [[chain, { layer: layer.diffId, isOfImage: false }]] : [];
        }),
      ),
    layerPort: {
      async blob(chain) {
        const bytes = Buffer.from(JSON.stringify(packed(layers.get(chain)!)));
        const digest = digestOf(bytes);
        const descriptor = { mediaType: mediaTypes.ociLayer, digest, size: bytes.length };
        return { descriptor, open: (offset) => streamOf(bytes.subarray(offset)) };
      },
      async unpack(parent, { content }) {
        const { diffId, files } = JSON.parse((await collect(content, 1 << 20)).toString());
        const folder = mkdtempSync(join(root, 'unpacked-'));
        cpSync(folderOf(parent), folder, { recursive: true, preserveTimestamps: true });
        for (const [path, text] of Object.entries(files as Record<string, string>)) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          writeFileSync(join(folder, path), text);
        }
        return add(parent, folder, diffId);
      },
      async *entries(chain): AsyncIterable<LayerEntry> {
        const layer = layers.get(chain)!;
        const before = entriesOf(folderOf(layer.parent));
        const now = entriesOf(layer.folder);
        for (const [path, entry] of now) {
          if (JSON.stringify(before.get(path)) === JSON.stringify(entry)) continue;
          const kind =
            entry.type === 'file' || entry.type === 'directory' ? entry.type : ('other' as const);
          yield { path, kind, sizeBytes: entry.sizeBytes };
        }
        for (const path of before.keys()) {
          if (!now.has(path)) yield { path, kind: 'whiteout', sizeBytes: 0 };
        }
      },
    },
  };
}
