import { invalid } from '../../../core/index.ts';
import type { Trees, UnpackLimits } from '../../ports.ts';
import type { RemoteFiles } from '../../remote-folder.ts';
import type { ListedPiece } from '../../synced-folders.ts';
import type { TreeChanges } from './compare-trees.ts';
import type { ContextListing } from './context-listing.ts';

export interface ReceiveOptions {
  readonly listing: ContextListing;
  readonly changes: TreeChanges;
  /** An empty folder. */
  readonly staging: string;
  readonly trees: Trees;
  readonly limits: UnpackLimits;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const bytesPerReport = 2 ** 20;

/** Has the client send the files that are wanted; gives their digests, 32 bytes each. */
export async function receiveContents(
  files: RemoteFiles,
  { listing, changes, staging, trees, limits, onProgress, signal }: ReceiveOptions,
): Promise<Uint8Array> {
  const { wanted } = changes;
  if (wanted.length === 0) return new Uint8Array();
  const numbers = new Map<string, number>();
  for (const number of wanted) numbers.set(listing.paths[number]!, number);

  async function* pieces(): AsyncIterable<readonly ListedPiece[]> {
    let bytes = 0;
    let toldBytes = 0;
    for await (const batch of files.read([...numbers.keys()])) {
      yield batch.map((piece) => {
        const number = numbers.get(piece.path);
        if (number === undefined) throw invalid('load context: a file came that was not asked for');
        bytes += piece.bytes.length;
        return { number, bytes: piece.bytes, isLast: piece.isLast };
      });
      if (bytes - toldBytes < bytesPerReport) continue;
      onProgress(bytes);
      toldBytes = bytes;
    }
    onProgress(bytes);
  }

  return await trees.receive({
    staging,
    listed: listing,
    wanted,
    pieces: pieces(),
    mostBytes: limits.bytes,
    signal,
  });
}
