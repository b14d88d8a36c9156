import type { Digest } from '../../core/index.ts';
import type { ChainId } from '../snapshots/snapshots.ts';

/** What must stay although nothing recorded refers to it yet. Ends with the process. */
export interface Leases {
  /** Keeps what is given to it until it is disposed of. */
  open(): Lease;
  keepsChain(chain: ChainId): boolean;
  /** All that is kept now. */
  roots(): Roots;
}

export interface Lease extends Disposable {
  keepBlob(digest: Digest): void;
  keepChain(chain: ChainId): void;
}

/** What is needed: blobs, and stacks with all below them. */
export interface Roots {
  readonly blobs: Iterable<Digest>;
  readonly chains: Iterable<ChainId>;
}

export function createLeases(): Leases {
  const open = new Set<{ blobs: Set<Digest>; chains: Set<ChainId> }>();
  return {
    open() {
      const kept = { blobs: new Set<Digest>(), chains: new Set<ChainId>() };
      open.add(kept);
      return {
        keepBlob: (digest) => void kept.blobs.add(digest),
        keepChain: (chain) => void kept.chains.add(chain),
        [Symbol.dispose]: () => void open.delete(kept),
      };
    },
    keepsChain: (chain) => [...open].some(({ chains }) => chains.has(chain)),
    roots: () => ({
      blobs: [...open].flatMap(({ blobs }) => [...blobs]),
      chains: [...open].flatMap(({ chains }) => [...chains]),
    }),
  };
}
