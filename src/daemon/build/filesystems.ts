import type { Chain, Filesystems, WritableFilesystem } from '../../build/index.ts';
import { errorKind, randomId } from '../../core/index.ts';
import type { LocalImageStore, Snapshots } from '../../store/index.ts';

/** Names of the builder's writable snapshots; none outlives the daemon. */
export const buildSnapshotPrefix = 'build-';

/** The builder's filesystems are the store's snapshots. */
export function createFilesystems(options: {
  snapshots: Snapshots;
  images: Pick<LocalImageStore, 'roots'>;
}): Filesystems {
  const { snapshots, images } = options;

  async function prepare(parent: Chain): Promise<WritableFilesystem> {
    const id = buildSnapshotPrefix + randomId().slice(0, 32);
    const snapshot = await snapshots.prepare(id, parent, { isTransient: true });
    let isCommitted = false;
    return {
      id,
      upperPath: snapshot.upperPath,
      mount: () => snapshot.mount(),
      async commit(commitOptions) {
        await snapshot.unmount();
        const layer = await snapshots.commit(id, commitOptions);
        isCommitted = true;
        return layer;
      },
      async [Symbol.asyncDispose]() {
        if (!isCommitted) await snapshots.remove(id);
      },
    };
  }

  return {
    prepare,
    has: (chain) => snapshots.has(chain),
    view: (chain) => snapshots.view(chain),
    layers: (chain) => snapshots.layers(chain),
    restack: (chain, parent) => snapshots.restack(chain, parent),
    mayRestack: (chain, parent, found) => snapshots.mayRestack(chain, parent, found),
    async release(chain) {
      if (!(await snapshots.has(chain)) || images.roots().chains.includes(chain))
        return { freedBytes: 0 };
      const layers = await snapshots.layers(chain);
      const freedBytes = layers.at(-1)?.sizeBytes ?? 0;
      try {
        await snapshots.delete(chain);
      } catch (error) {
        // Another stack or a container stands on it: it goes with them.
        if (errorKind(error) === 'conflict') return { freedBytes: 0 };
        throw error;
      }
      return { freedBytes };
    },
    async neededByImages(chains) {
      const needed = new Set(images.roots().chains);
      return new Set(chains.filter((chain) => needed.has(chain)));
    },
  };
}
