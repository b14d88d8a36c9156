import { join } from 'node:path';
import { type FileContentStore, openContentStore } from './content/file-content-store.ts';
import type { Database } from './database.ts';
import { type OverlaySnapshots, openSnapshots } from './snapshots/overlay-snapshots.ts';
import { createWorkerPool, type WorkerPool } from './threads/worker-pool.ts';

/** All that the store keeps below one folder. Dispose ends its threads and views. */
export interface Store extends AsyncDisposable {
  readonly content: FileContentStore;
  readonly snapshots: OverlaySnapshots;
  readonly pool: WorkerPool;
}

/** Opens the store in `rootPath` (`content/`, `snapshots/`), clearing away what a crash left. Needs root. */
export async function openStore(options: { rootPath: string; database: Database }): Promise<Store> {
  const { rootPath, database } = options;
  const pool = createWorkerPool();
  const content = await openContentStore({ rootPath: join(rootPath, 'content') });
  const snapshots = await openSnapshots({
    rootPath: join(rootPath, 'snapshots'),
    database,
    content,
    pool,
  });
  return {
    content,
    snapshots,
    pool,
    async [Symbol.asyncDispose]() {
      await snapshots.settled();
      await snapshots[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}
