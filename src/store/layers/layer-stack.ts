import { constants as os } from 'node:os';
import {
  cwdFd,
  type FileStat,
  getXattr,
  isDirectory,
  isWhiteout,
  statAt,
  systemError,
} from '../../linux/index.ts';
import { opaqueXattr } from '../files/layer-xattrs.ts';

/** Where a stack of layers shows something: in which layer, and what its own file there is like. */
export interface Found {
  /** Root of the topmost layer that has it. */
  readonly layerPath: string;
  readonly stat: FileStat;
}

/**
 * Reads a stack of layer directories as overlayfs would show them, without a mount and on this
 * thread. Paths are clean and relative; no link is ever followed. What it saw of directories is
 * remembered: `forget` after a change.
 */
export interface LayerStack {
  /** What stands at a path, or undefined; '' is the root. */
  lookup(path: string): Found | undefined;
  /** Roots of the layers that add to the directory at a path, the topmost first; none if it is none. */
  layersOf(directory: string): readonly string[];
  forget(): void;
}

/** `layerPaths` are the layers' directories, the topmost first. */
export function layerStack(layerPaths: readonly string[]): LayerStack {
  const known = new Map<string, readonly string[]>([['', layerPaths]]);

  function layersOf(directory: string): readonly string[] {
    const remembered = known.get(directory);
    if (remembered) return remembered;
    const slash = directory.lastIndexOf('/');
    const found: string[] = [];
    for (const layerPath of layersOf(directory.slice(0, Math.max(slash, 0)))) {
      const stat = statIn(layerPath, directory);
      if (stat === undefined) continue;
      if (!isDirectory(stat)) break;
      found.push(layerPath);
      if (getXattr(`${layerPath}/${directory}`, opaqueXattr)?.[0] === 0x79) break;
    }
    known.set(directory, found);
    return found;
  }

  function lookup(path: string): Found | undefined {
    const slash = path.lastIndexOf('/');
    const parents = path === '' ? layerPaths : layersOf(path.slice(0, Math.max(slash, 0)));
    for (const layerPath of parents) {
      const stat = statIn(layerPath, path);
      if (stat) return isWhiteout(stat) ? undefined : { layerPath, stat };
    }
    return undefined;
  }

  function forget(): void {
    known.clear();
    known.set('', layerPaths);
  }
  return { lookup, layersOf, forget };
}

/** All directories on the way were found to be such before, so that no link is on it. */
function statIn(layerPath: string, path: string): FileStat | undefined {
  const stat = statAt(cwdFd, path === '' ? layerPath : `${layerPath}/${path}`);
  if (typeof stat === 'object') return stat;
  if (stat === -os.errno.ENOENT || stat === -os.errno.ENOTDIR) return undefined;
  throw systemError(stat, 'statx', `${layerPath}/${path}`);
}
