import type { Chain, Filesystems, WritableFilesystem } from '../../build/index.ts';
import { errorKind, randomId } from '../../core/index.ts';
import type { LocalImageStore, Snapshots } from '../../store/index.ts';

/** Names of the builder's writable snapshots; none outlives the daemon. */
export const buildSnapshotPrefix = 'build-';

/** The builder's filesystems are the store's snapshots. */
export function createFilesystems(options: {
  snapshots: Snapshots;
  images: Pick<LocalImageStore, 'needs'>;
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
      if (!(await snapshots.has(chain)) || images.needs(chain)) return { freedBytes: 0 };
      try {
        return await snapshots.delete(chain);
      } catch (error) {
        // Another stack or a container stands on it: it goes with them.
        if (errorKind(error) === 'conflict') return { freedBytes: 0 };
        throw error;
      }
    },
    async tops(chains) {
      const layerOf = new Map<Chain, number>();
      const ofImages = new Set<number>();
      for (const { chain, layer } of await snapshots.list()) {
        layerOf.set(chain, layer);
        if (images.needs(chain)) ofImages.add(layer);
      }
      return new Map(
        chains.flatMap((chain) => {
          const layer = layerOf.get(chain);
          const isOfImage = layer !== undefined && ofImages.has(layer);
          return layer === undefined ? [] : [[chain, { layer: String(layer), isOfImage }]];
        }),
      );
    },
  };
}
