import { type ByteStream, internal, verifying } from '../../core/index.ts';
import { decompress } from '../../image/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { LayerRecords } from '../layers/layer-records.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { LayerPaths } from './layer-paths.ts';
import type { ChainId } from './snapshots.ts';

export interface ArchiveParts {
  readonly paths: LayerPaths;
  readonly records: LayerRecords;
  readonly content: FileContentStore;
  readonly pool: WorkerPool;
}

/**
 * The bytes whose digest is the layer's diffId. A layer that was built here is archived anew from
 * its files, in the same canonical form that gave it its digest; one that came from elsewhere is its
 * own blob, decompressed, for other archivers write other bytes. Throws `internal` at the end should
 * the digest differ.
 */
export async function* archiveLayer(parts: ArchiveParts, chain: ChainId): ByteStream {
  const { paths, records, content, pool } = parts;
  const { layer } = records.require(chain);
  const { diffId, withRoot, epochS } = layer;
  if (layer.isBuilt) {
    const directory = paths.layer(layer.number);
    yield* pool.stream('archive-diff', { directory, withRoot, epochS, diffId });
    return;
  }
  for (const { digest, compression } of records.blobsOf(diffId)) {
    if ((await content.sizeOf(digest)) === undefined) continue;
    yield* verifying(decompress(content.open(digest), compression), { digest: diffId });
    return;
  }
  throw internal(`archive layer ${chain}: the blob it came from is gone`);
}
