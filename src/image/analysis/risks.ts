import type { ImageTree } from './image-tree.ts';
import { rootId } from './path-table.ts';
import type { Stack } from './stack.ts';

/** A file of the finished image that deserves a look. */
export interface RiskyFile {
  /** `setid`: runs as its owner or group, whoever starts it. `world-writable`: anybody may change it. */
  readonly kind: 'setid' | 'world-writable';
  readonly path: string;
  readonly layer: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly isDirectory: boolean;
}

/** What a package manager has left behind: of no use in an image. */
export interface LeftCache {
  /** Folder with a leading slash. */
  readonly path: string;
  readonly manager: string;
  readonly layer: number;
  readonly files: number;
  readonly sizeBytes: number;
}

const mostFiles = 10_000;

export function riskyFiles(image: ImageTree, final: Stack): RiskyFile[] {
  const found: RiskyFile[] = [];
  for (let path = 1; path < image.paths.count && found.length < mostFiles; path++) {
    if (!final.isSeen(path)) continue;
    const layer = final.layerAt[path]!;
    const { tree } = image.layers[layer]!;
    const node = final.nodeAt[path]!;
    const mode = tree.modeOf(node);
    const kind = riskOf(mode, tree.kindOf(node));
    if (!kind) continue;
    found.push({
      kind,
      path: `/${image.paths.pathOf(path)}`,
      layer,
      mode,
      uid: tree.uidOf(node),
      gid: tree.gidOf(node),
      isDirectory: tree.isDirectory(node),
    });
  }
  return found;
}

function riskOf(mode: number, kind: string): RiskyFile['kind'] | undefined {
  if (kind === 'file' || kind === 'hardlink') {
    if (mode & 0o6000 && mode & 0o111) return 'setid';
    return mode & 0o002 ? 'world-writable' : undefined;
  }
  // Sticky, as /tmp is: anybody may write there, but not remove what belongs to others.
  const isOpen = kind === 'directory' && mode & 0o002 && !(mode & 0o1000);
  return isOpen ? 'world-writable' : undefined;
}

/** Folders whose files a package manager can get again. */
const caches: readonly { path: string; manager: string }[] = [
  { path: 'var/lib/apt/lists', manager: 'apt' },
  { path: 'var/cache/apt', manager: 'apt' },
  { path: 'var/cache/apk', manager: 'apk' },
  { path: 'var/cache/dnf', manager: 'dnf' },
  { path: 'var/cache/libdnf5', manager: 'dnf' },
  { path: 'var/cache/yum', manager: 'yum' },
  { path: 'var/cache/zypp', manager: 'zypper' },
  { path: 'var/cache/pacman/pkg', manager: 'pacman' },
  { path: 'root/.cache/pip', manager: 'pip' },
  { path: 'root/.cache/uv', manager: 'uv' },
  { path: 'root/.cache/pypoetry', manager: 'poetry' },
  { path: 'root/.npm', manager: 'npm' },
  { path: 'root/.yarn/berry/cache', manager: 'yarn' },
  { path: 'usr/local/share/.cache/yarn', manager: 'yarn' },
  { path: 'root/.local/share/pnpm/store', manager: 'pnpm' },
  { path: 'root/.cache/go-build', manager: 'go' },
  { path: 'go/pkg/mod', manager: 'go' },
  { path: 'root/go/pkg/mod', manager: 'go' },
  { path: 'root/.cargo/registry', manager: 'cargo' },
  { path: 'usr/local/cargo/registry', manager: 'cargo' },
  { path: 'root/.gradle/caches', manager: 'gradle' },
  { path: 'root/.composer/cache', manager: 'composer' },
  { path: 'root/.cache/composer', manager: 'composer' },
  { path: 'root/.conda/pkgs', manager: 'conda' },
  { path: 'opt/conda/pkgs', manager: 'conda' },
];

/** The caches that the finished image still has, by the layer that brought them. */
export function leftCaches(image: ImageTree, final: Stack): LeftCache[] {
  const found: LeftCache[] = [];
  for (const { path, manager } of caches) {
    const folder = image.paths.find(path);
    if (folder <= rootId || !final.isSeen(folder)) continue;
    const byLayer = new Map<number, { files: number; sizeBytes: number }>();
    final.walk(folder, (id) => {
      const sizeBytes = final.sizeAt(id);
      if (sizeBytes === 0) return;
      const layer = final.layerAt[id]!;
      const sum = byLayer.get(layer) ?? { files: 0, sizeBytes: 0 };
      byLayer.set(layer, { files: sum.files + 1, sizeBytes: sum.sizeBytes + sizeBytes });
    });
    for (const [layer, sum] of byLayer) found.push({ path: `/${path}`, manager, layer, ...sum });
  }
  return found.sort((a, b) => b.sizeBytes - a.sizeBytes);
}
