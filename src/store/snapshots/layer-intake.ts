import { join } from 'node:path';
import { type ByteStream, type Digest, notFound, randomId } from '../../core/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { FileIngest } from '../content/file-ingest.ts';
import { diskError } from '../disk-error.ts';
import { dressImplied } from '../layers/dress-implied.ts';
import type { LayerDirectories } from '../layers/layer-directories.ts';
import { chainIdOf, committedLayer, type LayerRecords } from '../layers/layer-records.ts';
import { type ReceiveOptions, receiveLayer, unpackBlob } from '../layers/receive-layer.ts';
import type { UnpackLayerOutput } from '../layers/unpack-layer.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import type { LayerPaths } from './layer-paths.ts';
import type { ChainId, CommittedLayer, UnpackedLayer, UnpackOptions } from './snapshots.ts';
import type { Trash } from './trash.ts';

export interface LayerIntakeOptions {
  readonly paths: LayerPaths;
  readonly records: LayerRecords;
  readonly directories: LayerDirectories;
  readonly trash: Trash;
  readonly content: FileContentStore;
  readonly pool: WorkerPool;
}

interface Staged extends UnpackLayerOutput {
  readonly path: string;
}

/** How layers come in from outside: unpacked beside the others first, then put on a stack. */
export function createLayerIntake(options: LayerIntakeOptions) {
  const { paths, records, directories, trash, content, pool } = options;
  const staged = new Map<string, Staged>();
  let last = 0;

  /** Unpacks in a directory of its own, which goes again when that fails. */
  async function unpackInto(
    unpack: (directory: string) => Promise<UnpackLayerOutput>,
    blob: () => { digest: Digest; sizeBytes: number },
  ): Promise<UnpackedLayer> {
    const stagingId = String(++last);
    const path = join(paths.staging, stagingId);
    try {
      const output = await unpack(path);
      const { diffId, sizeBytes, compression } = output;
      records.addBlob(diffId, { ...blob(), compression });
      staged.set(stagingId, { ...output, path });
      return { stagingId, diffId, sizeBytes };
    } catch (error) {
      trash.take(path);
      throw diskError('unpack layer', error);
    }
  }

  /** As `Snapshots.unpack`, into an upload of the caller's, who says what blob it must become. */
  async function receive(
    upload: FileIngest,
    stream: ByteStream,
    receiveOptions: ReceiveOptions,
  ): Promise<UnpackedLayer> {
    let blob: { digest: Digest; sizeBytes: number } | undefined;
    return await unpackInto(
      async (directory) => {
        const received = await receiveLayer(
          pool,
          { upload, content: stream, directory },
          receiveOptions,
        );
        blob = received.blob;
        return received;
      },
      () => blob!,
    );
  }

  async function unpack(
    stream: ByteStream,
    { expected, signal }: UnpackOptions = {},
  ): Promise<UnpackedLayer> {
    await using upload = await content.ingest(`unpack-${randomId()}`);
    try {
      return await receive(upload, stream, { expected, signal });
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  /** Unpacks a blob the content store has. */
  async function unpackStored(blob: Digest, signal?: AbortSignal): Promise<UnpackedLayer> {
    const path = content.pathOf(blob);
    const sizeBytes = (await content.sizeOf(blob)) ?? 0;
    return await unpackInto(
      (directory) => unpackBlob(pool, { path, directory }, signal),
      () => ({ digest: blob, sizeBytes }),
    );
  }

  async function stack(
    { stagingId, diffId }: UnpackedLayer,
    parent: ChainId | null,
  ): Promise<ChainId> {
    const chain = chainIdOf(parent, diffId);
    const layer = staged.get(stagingId);
    if (records.get(chain)) {
      drop(stagingId);
      return chain;
    }
    if (!layer) throw notFound(`stack layer ${diffId}: it is not unpacked any more`);
    staged.delete(stagingId);
    const below = parent === null ? null : records.require(parent);
    await dressImplied(layer.path, layer.implied, directories.all(below));
    // Somebody else may have put the same layer there meanwhile.
    if (records.get(chain)) {
      trash.take(layer.path);
      return chain;
    }
    const { sizeBytes, isOpaque } = layer;
    const record = { diffId, sizeBytes, isOpaque, isBuilt: false, withRoot: false };
    return directories.place(layer.path, record, parent).chain;
  }

  function drop(stagingId: string): void {
    const layer = staged.get(stagingId);
    staged.delete(stagingId);
    if (layer) trash.take(layer.path);
  }

  async function restack(chain: ChainId, parent: ChainId | null): Promise<CommittedLayer> {
    return committedLayer(records.share(records.require(chain).layer, parent));
  }

  return {
    unpack,
    receive,
    unpackStored,
    stack,
    restack,
    discard: async ({ stagingId }: UnpackedLayer) => drop(stagingId),
  };
}
