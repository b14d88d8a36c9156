import { availableParallelism } from 'node:os';
import { type Digest, limit, randomId } from '../../core/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { ChainId, Snapshots } from '../snapshots/snapshots.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { LayerBlob, LayerIndex } from './layer-index.ts';

/** Good enough for programs, and several times as fast as gzip's usual 6. */
const gzipLevel = 3;

/** Makes layers ready to travel: each is compressed once, and the result kept. */
export interface LayerPacker {
  pack(chain: ChainId, diffId: Digest): Promise<LayerBlob>;
}

export function createLayerPacker(options: {
  content: FileContentStore;
  snapshots: Pick<Snapshots, 'archive'>;
  layers: LayerIndex;
  pool: WorkerPool;
}): LayerPacker {
  const { content, snapshots, layers, pool } = options;
  const packing = new Map<Digest, Promise<LayerBlob>>();
  // One thread reads, one compresses; more layers at once would only wait for each other.
  const inTurn = limit(Math.max(2, availableParallelism() / 2));

  async function pack(chain: ChainId, diffId: Digest): Promise<LayerBlob> {
    for (const blob of layers.blobsOf(diffId)) {
      if ((await content.sizeOf(blob.digest)) === blob.sizeBytes) return blob;
    }
    return await inTurn(() => compressLayer(chain, diffId));
  }

  async function compressLayer(chain: ChainId, diffId: Digest): Promise<LayerBlob> {
    await using upload = await content.ingest(`pack-${randomId().slice(0, 32)}`);
    try {
      const written = await pool.run(
        'compress-blob',
        { path: upload.path, level: gzipLevel },
        { input: snapshots.archive(chain), inputIsOwned: true },
      );
      await upload.adopt(written);
      const blob: LayerBlob = { ...written, compression: 'gzip' };
      layers.addBlob(diffId, blob);
      return blob;
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  return {
    pack(chain, diffId) {
      let packed = packing.get(diffId);
      if (packed === undefined) {
        packed = pack(chain, diffId).finally(() => packing.delete(diffId));
        packing.set(diffId, packed);
      }
      return packed;
    },
  };
}
