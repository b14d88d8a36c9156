import { existsSync } from 'node:fs';
import { type ByteStream, type FileTree, internal, type ListedFiles } from '../../core/index.ts';
import { sniffCompression } from '../../image/index.ts';
import { syncFilesystem } from '../../linux/index.ts';
import { measureTree } from '../files/measure-tree.ts';
import { removeFolder } from '../files/remove-folder.ts';
import type { OverlaySnapshots } from '../snapshots/overlay-snapshots.ts';
import { contextInPlace } from '../threads/job.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { type CopyTreeInput, copyTree } from './copy-tree.ts';
import { isSmallCopy, isSmallTree } from './is-small-copy.ts';
import { packListing } from './listed-files.ts';
import { PackedEntries } from './packed-entries.ts';
import type { PackedTree } from './packed-tree.ts';
import { framePieces, type ListedPiece } from './piece-frames.ts';
import { type ReceiveFilesInput, receiveFiles } from './receive-files.ts';
import { scanTree } from './scan-tree.ts';
import type { Surroundings } from './surroundings.ts';
import { unpackTree } from './unpack-tree.ts';
import { type UpdateTreeInput, updateTree } from './update-tree.ts';

export type CopyRequest = Omit<CopyTreeInput, 'targetLayers' | 'taken'> & {
  /** Files may be linked that have names in layers, as long as none of those is below. */
  readonly mayShare?: boolean;
  /**
   * A directory, the mount point of a writable snapshot, or its upper directory. A snapshot is
   * unmounted while files are put in place, unless something uses its mount.
   */
  readonly targetRoot: string;
  readonly signal?: AbortSignal;
};

/**
 * Trees of files for the builder (its port `Trees`). What is small is done in place, within a few
 * milliseconds; the rest on worker threads.
 */
export interface StoreTrees {
  unpack(
    archive: ByteStream,
    directory: string,
    signal?: AbortSignal,
    limits?: { readonly entries: number; readonly bytes: number },
  ): Promise<FileTree>;
  scan(rootPath: string, path: string, signal?: AbortSignal): Promise<FileTree>;
  remove(directory: string): Promise<void>;
  measure(directory: string): Promise<number>;
  copy(request: CopyRequest): Promise<Surroundings | undefined>;
  receive(request: ReceiveRequest): Promise<Uint8Array>;
  update(request: UpdateRequest): Promise<void>;
  settle(directory: string): Promise<void>;
}

export interface ReceiveRequest extends Omit<ReceiveFilesInput, 'listing'> {
  readonly listed: ListedFiles;
  readonly pieces: AsyncIterable<readonly ListedPiece[]>;
  readonly signal?: AbortSignal;
}

export interface UpdateRequest extends Omit<UpdateTreeInput, 'listing'> {
  readonly listed: ListedFiles;
}

/** Streams up to this many bytes are unpacked in place. */
const mostBytesInPlace = 64 * 1024;
const mostScannedInPlace = { entries: 150, bytes: 512 * 1024 };
const mostReceivedInPlace = { entries: 60, bytes: 512 * 1024 };
/** Entries looked at, of which so few are touched, by an update in place. */
const mostUpdatedInPlace = { entries: 100_000, touched: 100 };

export function createTrees(options: {
  pool: WorkerPool;
  snapshots: Pick<OverlaySnapshots, 'withUpper'>;
}): StoreTrees {
  const { pool, snapshots } = options;

  async function unpack(
    archive: ByteStream,
    directory: string,
    signal?: AbortSignal,
    limits?: { readonly entries: number; readonly bytes: number },
  ): Promise<FileTree> {
    const { start, isWhole, stream } = await readAhead(archive, mostBytesInPlace);
    const input = { directory, limits };
    // What is compressed may become a million files.
    const isSmall = isWhole && sniffCompression(start) === 'none';
    const packed = isSmall
      ? await unpackTree(input, contextInPlace(signal, stream))
      : await pool.run('unpack-tree', input, { signal, input: stream });
    return treeOf(directory, packed);
  }

  async function scan(rootPath: string, path: string, signal?: AbortSignal): Promise<FileTree> {
    const input = { rootPath, path };
    const small = scanTree({ ...input, most: mostScannedInPlace }, contextInPlace(signal));
    const packed = small ?? (await pool.run('scan-tree', input, { signal }));
    if (!packed) throw internal(`scan ${path}: gave up without a limit`);
    return treeOf(packed.realPath, packed);
  }

  async function copy({
    signal,
    mayShare,
    ...request
  }: CopyRequest): Promise<Surroundings | undefined> {
    signal?.throwIfAborted();
    const isSmall = isSmallCopy(request);
    return await snapshots.withUpper(request.targetRoot, async (upper) => {
      const { upperPath: targetRoot = request.targetRoot, layers: targetLayers = [] } = upper ?? {};
      const taken = mayShare && request.mayLink ? upper?.linkedInodes() : undefined;
      const input = { ...request, targetRoot, targetLayers, ...(taken && { taken }) };
      const surroundings = isSmall
        ? copyTree(input, contextInPlace(signal))
        : await pool.run('copy-tree', input, { signal });
      return upper && surroundings;
    });
  }

  async function receive({ listed, pieces, signal, ...rest }: ReceiveRequest): Promise<Uint8Array> {
    const input = framePieces(pieces);
    if (isSmallReceipt(listed, rest.wanted)) {
      const context = contextInPlace(signal, input);
      return (await receiveFiles({ ...rest, listing: listed }, context)).digests;
    }
    const packed = { ...rest, listing: packListing(listed) };
    return (await pool.run('receive-files', packed, { signal, input, returnsInput: true })).digests;
  }

  async function update({ listed, ...rest }: UpdateRequest): Promise<void> {
    const { entries, touched } = mostUpdatedInPlace;
    const left = rest.actions.reduce((sum, action) => sum - (action === 0 ? 0 : 1), touched);
    const isSmall = rest.actions.length <= entries && left - rest.removed.length >= 0;
    if (isSmall) updateTree({ ...rest, listing: listed }, contextInPlace());
    else await pool.run('update-tree', { ...rest, listing: packListing(listed) });
  }

  return {
    unpack,
    scan,
    copy,
    receive,
    update,
    settle: syncFilesystem,
    async remove(directory) {
      if (!existsSync(directory)) return;
      if (isSmallTree(directory)) removeFolder({ path: directory });
      else await pool.run('remove-tree', { path: directory });
    },
    async measure(directory) {
      const input = { path: directory };
      return isSmallTree(directory)
        ? measureTree(input, contextInPlace())
        : await pool.run('measure-tree', input);
    },
  };
}

function isSmallReceipt({ sizes }: ListedFiles, wanted: Uint32Array): boolean {
  if (wanted.length > mostReceivedInPlace.entries) return false;
  return wanted.reduce((sum, number) => sum + sizes[number]!, 0) <= mostReceivedInPlace.bytes;
}

function treeOf(rootPath: string, packed: PackedTree): FileTree {
  return { rootPath, entries: new PackedEntries(packed) };
}

/** Reads so many bytes of a stream, and gives the stream as if it were unread. */
async function readAhead(
  stream: ByteStream,
  mostBytes: number,
): Promise<{ start: Buffer; isWhole: boolean; stream: ByteStream }> {
  const iterator = stream[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  let startBytes = 0;
  let isWhole = false;
  while (startBytes <= mostBytes && !isWhole) {
    const { done, value } = await iterator.next();
    if (done) isWhole = true;
    else {
      start.push(value);
      startBytes += value.length;
    }
  }
  async function* whole(): ByteStream {
    try {
      yield* start;
      if (!isWhole) yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { start: Buffer.concat(start), isWhole, stream: whole() };
}
