import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../../core/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { ChainRecord, LayerRecords } from '../layers/layer-records.ts';
import type { ChainId } from '../snapshots/snapshots.ts';
import type { Roots } from './leases.ts';

export interface GarbageCollectorOptions {
  readonly content: FileContentStore;
  readonly records: LayerRecords;
  /**
   * Deletes a stack unless something stands on it or it was asked for within `graceMs`; gives the bytes
   * freed, or undefined when it stays.
   */
  readonly deleteUnusedChain: (chain: ChainId, graceMs: number) => number | undefined;
  /** Everybody's needs, asked anew for each run. Layers' own blobs need not be named. */
  readonly roots: () => Promise<Roots> | Roots;
}

export interface CollectOptions {
  /** What was written or asked for so lately stays: somebody may be about to refer to it. */
  readonly graceMs?: number;
  readonly signal?: AbortSignal;
}

export interface Collected {
  readonly blobs: readonly Digest[];
  readonly chains: readonly ChainId[];
  readonly freedBytes: number;
}

const tenMinutesMs = 600_000;
const beforeYielding = 100;

/**
 * Deletes blobs and stacks that nothing needs, while others write: whoever relies on one asks the
 * store for it before recording that he does, and what was asked for lately stays. A crash leaves
 * garbage at most.
 */
export function createGarbageCollector(options: GarbageCollectorOptions): {
  /** One run at a time; a second caller waits for the first, then has his own. */
  collect(options?: CollectOptions): Promise<Collected>;
} {
  let last: Promise<unknown> = Promise.resolve();
  return {
    collect(collectOptions = {}) {
      const mine = last.then(() => collect(options, collectOptions));
      last = mine.catch(() => {});
      return mine;
    },
  };
}

async function collect(
  { content, records, deleteUnusedChain, roots }: GarbageCollectorOptions,
  { graceMs = tenMinutesMs, signal }: CollectOptions,
): Promise<Collected> {
  const needed = await roots();
  const chains: ChainId[] = [];
  const blobs: Digest[] = [];
  let freedBytes = 0;
  let looked = 0;
  for (const { chain } of unneeded(records, needed.chains)) {
    if (++looked % beforeYielding === 0) await setImmediate();
    signal?.throwIfAborted();
    const layerBytes = deleteUnusedChain(chain, graceMs);
    if (layerBytes === undefined) continue;
    // Unlike a look, a deletion takes its time.
    await setImmediate();
    chains.push(chain);
    freedBytes += layerBytes;
  }
  const neededBlobs = new Set(needed.blobs);
  for await (const { digest } of content.list()) {
    signal?.throwIfAborted();
    if (neededBlobs.has(digest) || records.isBlobOfLayer(digest)) continue;
    const blobBytes = content.deleteUnused(digest, graceMs);
    if (blobBytes === undefined) continue;
    blobs.push(digest);
    freedBytes += blobBytes;
    records.forgetBlob(digest);
  }
  return { blobs, chains, freedBytes };
}

/** Stacks no root stands on, those on top first. */
function unneeded(records: LayerRecords, roots: Iterable<ChainId>): ChainRecord[] {
  const needed = new Set<ChainRecord>();
  for (const chain of roots) {
    for (let record = records.peek(chain); record && !needed.has(record); ) {
      needed.add(record);
      record = record.parent ?? undefined;
    }
  }
  return [...records.chains()]
    .filter((record) => !needed.has(record))
    .sort((a, b) => b.depth - a.depth);
}
