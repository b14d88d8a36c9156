import { join } from 'node:path';
import { type FileContentStore, openContentStore } from './content/file-content-store.ts';
import type { Database } from './database.ts';
import {
  type Collected,
  type CollectOptions,
  createGarbageCollector,
} from './garbage/garbage-collector.ts';
import { createLeases, type Leases, type Roots } from './garbage/leases.ts';
import { type LocalImageStore, openImageStore } from './images/local-image-store.ts';
import { type OverlaySnapshots, openSnapshots } from './snapshots/overlay-snapshots.ts';
import type { ChainId } from './snapshots/snapshots.ts';
import { createWorkerPool, type WorkerPool } from './threads/worker-pool.ts';
import { createTrees, type StoreTrees } from './trees/store-trees.ts';

/** All that the store keeps below one folder. Dispose ends its threads and views. */
export interface Store extends AsyncDisposable {
  readonly content: FileContentStore;
  readonly snapshots: OverlaySnapshots;
  readonly images: LocalImageStore;
  readonly trees: StoreTrees;
  readonly pool: WorkerPool;
  /** Keeps what nothing recorded refers to yet. */
  readonly leases: Leases;
  /** Deletes what neither images, nor leases, nor `roots` of the options need. */
  collectGarbage(options?: CollectOptions): Promise<Collected>;
}

/** Opens the store in `rootPath` (`content/`, `snapshots/`), clearing away what a crash left. Needs root. */
export async function openStore(options: {
  rootPath: string;
  database: Database;
  /** Whether something besides images needs a stack: the build cache, say. */
  isNeeded?: (chain: ChainId) => boolean;
  /** What others need, for garbage collection: the registry, the build cache, containers. */
  roots?: () => Promise<Roots> | Roots;
}): Promise<Store> {
  const { rootPath, database, isNeeded, roots } = options;
  const pool = createWorkerPool();
  const content = await openContentStore({ rootPath: join(rootPath, 'content') });
  const snapshots = await openSnapshots({
    rootPath: join(rootPath, 'snapshots'),
    database,
    content,
    pool,
  });
  const { records: layers, intake } = snapshots;
  const leases = createLeases();
  const parts = { database, content, snapshots, layers, intake, leases, pool, isNeeded };
  const images = await openImageStore(parts);
  const collector = createGarbageCollector({
    content,
    records: layers,
    deleteUnusedChain: (chain, graceMs) => snapshots.deleteUnused(chain, graceMs),
    async roots() {
      const all = [images.roots(), leases.roots(), await roots?.()].filter((some) => !!some);
      return {
        blobs: all.flatMap(({ blobs }) => [...blobs]),
        chains: all.flatMap(({ chains }) => [...chains]),
      };
    },
  });
  return {
    content,
    snapshots,
    images,
    trees: createTrees({ pool, snapshots }),
    pool,
    leases,
    collectGarbage: collector.collect,
    async [Symbol.asyncDispose]() {
      await snapshots.settled();
      await snapshots[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}
