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

interface Blob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** How layers come in from outside: unpacked beside the others first, then put on a stack. */
export class LayerIntake {
  readonly #options: LayerIntakeOptions;
  /** Unpacked, and on no stack yet. */
  readonly #staged = new Map<string, Staged>();
  #last = 0;

  constructor(options: LayerIntakeOptions) {
    this.#options = options;
  }

  async unpack(
    stream: ByteStream,
    { expected, signal }: UnpackOptions = {},
  ): Promise<UnpackedLayer> {
    await using upload = await this.#options.content.ingest(`unpack-${randomId()}`);
    try {
      return await this.receive(upload, stream, { expected, signal });
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  /** As `unpack`, into an upload of the caller's; `stream` goes on from its offset. */
  receive(upload: FileIngest, stream: ByteStream, options: ReceiveOptions): Promise<UnpackedLayer> {
    return this.#unpackInto(async (directory) => {
      const source = { upload, content: stream, directory };
      const { blob, ...output } = await receiveLayer(this.#options.pool, source, options);
      return { blob, output };
    });
  }

  /** Unpacks a blob the content store has. */
  unpackStored(digest: Digest, signal?: AbortSignal): Promise<UnpackedLayer> {
    const { content, pool } = this.#options;
    return this.#unpackInto(async (directory) => {
      const path = content.pathOf(digest);
      const output = await unpackBlob(pool, { path, directory }, signal);
      return { blob: { digest, sizeBytes: (await content.sizeOf(digest)) ?? 0 }, output };
    });
  }

  /** Unpacks in a directory of its own, which goes again when that fails. */
  async #unpackInto(
    unpack: (directory: string) => Promise<{ blob: Blob; output: UnpackLayerOutput }>,
  ): Promise<UnpackedLayer> {
    const { paths, records, trash } = this.#options;
    const stagingId = String(++this.#last);
    const path = join(paths.staging, stagingId);
    try {
      const { blob, output } = await unpack(path);
      const { diffId, sizeBytes, compression } = output;
      records.addBlob(diffId, { ...blob, compression });
      this.#staged.set(stagingId, { ...output, path });
      return { stagingId, diffId, sizeBytes };
    } catch (error) {
      trash.take(path);
      throw diskError('unpack layer', error);
    }
  }

  async stack({ stagingId, diffId }: UnpackedLayer, parent: ChainId | null): Promise<ChainId> {
    const { records, directories, trash } = this.#options;
    const chain = chainIdOf(parent, diffId);
    const below = parent === null ? null : records.require(parent);
    const layer = this.#staged.get(stagingId);
    this.#staged.delete(stagingId);
    if (!layer && !records.get(chain)) {
      throw notFound(`stack layer ${diffId}: it is not unpacked any more`);
    }
    if (layer) await dressImplied(layer.path, layer.implied, directories.all(below));
    // Somebody else may have put the same layer there, also meanwhile.
    if (records.get(chain)) {
      if (layer) trash.take(layer.path);
      return chain;
    }
    const { sizeBytes, isOpaque, path } = layer!;
    const record = { diffId, sizeBytes, isOpaque, isBuilt: false, withRoot: false };
    return directories.place(path, record, parent).chain;
  }

  async discard({ stagingId }: UnpackedLayer): Promise<void> {
    const layer = this.#staged.get(stagingId);
    this.#staged.delete(stagingId);
    if (layer) this.#options.trash.take(layer.path);
  }

  async restack(chain: ChainId, parent: ChainId | null): Promise<CommittedLayer> {
    const { records } = this.#options;
    return committedLayer(records.share(records.require(chain).layer, parent));
  }
}
