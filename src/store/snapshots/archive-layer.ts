import { type ByteStream, internal, verifying } from '../../core/index.ts';
import { decompress } from '../../image/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { ChainRecord, LayerRecords } from '../layers/layer-records.ts';
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
  const record = parts.records.require(chain);
  yield* verifying(await archiveSource(parts, record), { digest: record.layer.diffId });
}

async function archiveSource(parts: ArchiveParts, record: ChainRecord): Promise<ByteStream> {
  const { paths, records, content, pool } = parts;
  const { layer } = record;
  if (layer.isBuilt) {
    const { withRoot, epochS } = layer;
    return pool.stream('archive-diff', { directory: paths.layer(layer.number), withRoot, epochS });
  }
  for (const { digest, compression } of records.blobsOf(layer.diffId)) {
    if ((await content.sizeOf(digest)) === undefined) continue;
    return decompress(content.open(digest), compression);
  }
  throw internal(`archive layer ${record.chain}: the blob it came from is gone`);
}
