import { readFileSync } from 'node:fs';
import { type ByteStream, conflict } from '../../core/index.ts';
import { createOverlays, type Overlays } from '../../linux/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { Database } from '../database.ts';
import { LayerDirectories } from '../layers/layer-directories.ts';
import { committedLayer, LayerRecords } from '../layers/layer-records.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { archiveLayer } from './archive-layer.ts';
import { createLayerIntake } from './layer-intake.ts';
import { type LayerPaths, layerPaths } from './layer-paths.ts';
import type { ChainId, Snapshots } from './snapshots.ts';
import { openTrash } from './trash.ts';
import { createViews } from './views.ts';
import { openWritableSnapshots, type UnmountedUpper } from './writable-snapshots.ts';

export interface SnapshotsOptions {
  /** Absolute; on a filesystem that can be an upper layer of overlayfs. */
  readonly rootPath: string;
  readonly database: Database;
  readonly content: FileContentStore;
  readonly pool: WorkerPool;
  readonly overlays?: Overlays;
  /** Tells one start of the machine from the next. */
  readonly bootId?: string;
  readonly now?: () => number;
}

/** The snapshots with what the store's other parts need of them. */
export interface OverlaySnapshots extends Snapshots, AsyncDisposable {
  readonly records: LayerRecords;
  readonly directories: LayerDirectories;
  readonly intake: ReturnType<typeof createLayerIntake>;
  /** Where a writable snapshot lies, and what it stands on; null also where there is none. */
  layoutOf(id: string): ReturnType<LayerPaths['writable']> & { parent: ChainId | null };
  /**
   * Deletes a stack unless something stands on it or it was made or asked for within `graceMs`; gives
   * whether it went. No other operation comes between look and deletion.
   */
  deleteUnused(chain: ChainId, graceMs: number): boolean;
  /**
   * Runs work on the upper directory of the snapshot whose mount point or upper directory `path` is,
   * while it is not mounted; mounts it again. Undefined where it is another path or the mount in use.
   */
  withUpper<T>(path: string, work: (upper: UnmountedUpper | undefined) => Promise<T>): Promise<T>;
  /** Resolves when all that was recorded is on disk, and all that was deleted is gone from it. */
  settled(): Promise<void>;
  /** Dispose unmounts views; mounts of writable snapshots stay, for their containers may run. */
}

/** Opens the snapshots below a folder, deleting what a crash left half-made. Needs root. */
export async function openSnapshots(options: SnapshotsOptions): Promise<OverlaySnapshots> {
  const { rootPath, database, content, pool, now = Date.now } = options;
  const overlays = options.overlays ?? createOverlays();
  const bootId = options.bootId ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const paths = layerPaths(rootPath);
  const records = new LayerRecords(database, bootId, now);
  const trash = openTrash(paths.trash, pool);
  const directories = new LayerDirectories({ paths, records, overlays, pool, trash });
  const intake = createLayerIntake({ paths, records, directories, trash, content, pool });
  const views = await createViews({ paths, overlays, directories });
  const parts = { paths, records, directories, trash, pool, overlays };
  const writable = await openWritableSnapshots(parts);

  const isInUse = (chain: ChainId) => records.isInUse(chain) || views.isViewed(chain);

  function deleteUnused(chain: ChainId, graceMs: number): boolean {
    if (isInUse(chain) || now() - records.usedAtMs(chain) < graceMs) return false;
    directories.remove(chain);
    return true;
  }

  async function deleteChain(chain: ChainId): Promise<void> {
    records.require(chain);
    if (isInUse(chain)) {
      throw conflict(`delete layer ${chain}: a layer or container stands on it`);
    }
    directories.remove(chain);
  }

  const archiveTree: Snapshots['archiveTree'] = (directory, { epochS, signal } = {}) =>
    pool.stream('archive-diff', { directory, withRoot: false, epochS }, { signal });

  async function* archiveStack(
    chain: ChainId | null,
    archiveOptions?: { epochS?: number; signal?: AbortSignal },
  ): ByteStream {
    await using view = await views.open(chain === null ? null : records.require(chain));
    yield* archiveTree(view.rootPath, archiveOptions);
  }

  return {
    ...intake,
    ...writable,
    records,
    directories,
    intake,
    layoutOf: (id) => ({ ...paths.writable(id), parent: records.snapshots().get(id) ?? null }),
    has: async (chain) => records.get(chain) !== undefined,
    archiveStack,
    archiveTree,
    archive: (chain) => archiveLayer({ paths, records, content, pool }, chain),
    view: async (chain) => views.open(chain === null ? null : records.require(chain)),
    list: async () => [...records.chains()].map(committedLayer),
    async layers(chain) {
      const found = [];
      for (let record = records.require(chain); ; record = record.parent) {
        found.push(committedLayer(record));
        if (!record.parent) return found.reverse();
      }
    },
    delete: deleteChain,
    deleteUnused,
    async settled() {
      await directories.synced();
      await trash.emptied();
    },
    async [Symbol.asyncDispose]() {
      await views.close();
      await directories.synced();
    },
  };
}
