import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { mountsBelow, type Overlays, unmount } from '../../linux/index.ts';
import type { LayerDirectories } from '../layers/layer-directories.ts';
import type { ChainRecord } from '../layers/layer-records.ts';
import type { LayerPaths } from './layer-paths.ts';
import type { ChainId, MountedView } from './snapshots.ts';

export interface Views {
  /** Mounts a stack read-only at a place of its own. */
  open(chain: ChainRecord | null): Promise<MountedView>;
  isViewed(chain: ChainId): boolean;
  /** Unmounts all of them. */
  close(): Promise<void>;
}

/** Takes away the views an earlier process left. */
export async function createViews(options: {
  paths: LayerPaths;
  overlays: Overlays;
  directories: LayerDirectories;
}): Promise<Views> {
  const { paths, overlays, directories } = options;
  const open = new Map<string, ChainId | null>();
  let last = 0;

  async function unmountAll(): Promise<void> {
    open.clear();
    for (const { path } of await mountsBelow(paths.views)) await unmount(path, { lazy: true });
    for (const name of readdirSync(paths.views)) rmdirSync(join(paths.views, name));
  }
  await unmountAll();

  async function openView(chain: ChainRecord | null): Promise<MountedView> {
    const rootPath = join(paths.views, String(++last));
    // Counted first, so that the layers stay while the mount is made.
    open.set(rootPath, chain?.chain ?? null);
    async function close(): Promise<void> {
      if (!open.delete(rootPath)) return;
      await unmount(rootPath, { lazy: true });
      rmdirSync(rootPath);
    }
    try {
      const layers = await directories.mountable(chain);
      // A mount without an upper layer has at least two.
      const lowers = layers.length < 2 ? [...layers, ...paths.empty].slice(0, 2) : layers;
      mkdirSync(rootPath);
      await overlays.mount({ lowers, target: rootPath });
    } catch (error) {
      await close().catch(() => {});
      throw error;
    }
    return { rootPath, [Symbol.asyncDispose]: close };
  }

  return {
    open: openView,
    isViewed: (chain) => [...open.values()].includes(chain),
    close: unmountAll,
  };
}
