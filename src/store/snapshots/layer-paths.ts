import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { invalid } from '../../core/index.ts';

/** Where snapshots lie below their root. Layers have short names, for there are many in one mount. */
export interface LayerPaths {
  readonly layers: string;
  readonly staging: string;
  readonly active: string;
  readonly views: string;
  readonly flat: string;
  readonly trash: string;
  /** Empty directories: the layers of stacks that have too few for a mount. */
  readonly empty: readonly [string, string];
  layer(number: number): string;
  /** Upper directory, work directory and mount point of a writable snapshot. */
  isBelowActive(path: string): boolean;
  writable(id: string): { path: string; upperPath: string; workPath: string; rootPath: string };
}

const snapshotId = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Makes the folders. Throws `invalid` for a root that overlayfs could not take as an option. */
export function layerPaths(rootPath: string): LayerPaths {
  if (/[,:\\]/.test(rootPath) || !rootPath.startsWith('/')) {
    throw invalid(`open snapshots: "${rootPath}" is not absolute, or holds one of , : \\`);
  }
  const below = (name: string) => {
    const path = join(rootPath, name);
    mkdirSync(path, { recursive: true, mode: 0o711 });
    return path;
  };
  const active = below('active');
  const layers = below('layers');
  return {
    layers,
    active,
    staging: below('staging'),
    views: below('views'),
    flat: below('flat'),
    trash: below('trash'),
    empty: [below('empty/1'), below('empty/2')],
    layer: (number) => `${layers}/${number}`,
    isBelowActive: (path) => dirname(dirname(path)) === active,
    writable: (id) => {
      if (!snapshotId.test(id)) {
        throw invalid(`find snapshot: "${id.slice(0, 200)}" is no snapshot name`);
      }
      const path = join(active, id);
      return {
        path,
        upperPath: join(path, 'fs'),
        workPath: join(path, 'work'),
        rootPath: join(path, 'root'),
      };
    },
  };
}

/** Names in a folder that may have vanished. */
export function namesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
