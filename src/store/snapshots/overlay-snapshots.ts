import { readFileSync } from 'node:fs';
import { type ByteStream, conflict } from '../../core/index.ts';
import { createOverlays, type Overlays } from '../../linux/index.ts';
import type { FileContentStore } from '../content/file-content-store.ts';
import type { Database } from '../database.ts';
import { LayerDirectories } from '../layers/layer-directories.ts';
import { type ChainRecord, committedLayer, LayerRecords } from '../layers/layer-records.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { findsSame, type Surroundings } from '../trees/surroundings.ts';
import { type ArchiveParts, archiveLayer } from './archive-layer.ts';
import { LayerIntake } from './layer-intake.ts';
import { type LayerPaths, layerPaths } from './layer-paths.ts';
import type { ChainId, CommittedLayer, MountedView, Snapshots } from './snapshots.ts';
import { openTrash, type Trash } from './trash.ts';
import { createViews, type Views } from './views.ts';
import { type UnmountedUpper, WritableSnapshots } from './writable-snapshots.ts';

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

/** Opens the snapshots below a folder, deleting what a crash left half-made. Needs root. */
export async function openSnapshots(options: SnapshotsOptions): Promise<OverlaySnapshots> {
  const { rootPath, database, content, pool, now = Date.now } = options;
  const overlays = options.overlays ?? createOverlays();
  const bootId = options.bootId ?? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const paths = layerPaths(rootPath);
  const records = new LayerRecords(database, bootId, now);
  const trash = openTrash(paths.trash, pool);
  const directories = new LayerDirectories({ paths, records, overlays, pool, trash });
  const parts = { paths, records, trash, directories, content, pool, overlays, now };
  const views = await createViews(parts);
  const writable = await WritableSnapshots.open(parts);
  return new OverlaySnapshots({ ...parts, views, writable, intake: new LayerIntake(parts) });
}

interface Parts extends ArchiveParts {
  readonly trash: Trash;
  readonly directories: LayerDirectories;
  readonly views: Views;
  readonly writable: WritableSnapshots;
  readonly intake: LayerIntake;
  readonly now: () => number;
}

type Archiving = { epochS?: number; signal?: AbortSignal };

/**
 * The snapshots, with what the store's other parts need of them. Dispose unmounts views; mounts of
 * writable snapshots stay, for their containers may run.
 */
export class OverlaySnapshots implements Snapshots, AsyncDisposable {
  readonly records: LayerRecords;
  readonly intake: LayerIntake;
  readonly directories: LayerDirectories;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.records = parts.records;
    this.intake = parts.intake;
    this.directories = parts.directories;
  }

  unpack: Snapshots['unpack'] = (content, options) => this.intake.unpack(content, options);
  stack: Snapshots['stack'] = (layer, parent) => this.intake.stack(layer, parent);
  discard: Snapshots['discard'] = (layer) => this.intake.discard(layer);
  restack: Snapshots['restack'] = (chain, parent) => this.intake.restack(chain, parent);

  prepare: Snapshots['prepare'] = (id, parent, options) =>
    this.#parts.writable.prepare(id, parent, options);
  get: Snapshots['get'] = (id) => this.#parts.writable.get(id);
  remove: Snapshots['remove'] = (id) => this.#parts.writable.remove(id);
  commit: Snapshots['commit'] = (id, options) => this.#parts.writable.commit(id, options);
  recover: Snapshots['recover'] = (known) => this.#parts.writable.recover(known);

  /** See WritableSnapshots. */
  withUpper<T>(path: string, work: (upper: UnmountedUpper | undefined) => Promise<T>): Promise<T> {
    return this.#parts.writable.withUpper(path, work);
  }

  /** Where a writable snapshot lies, and what it stands on; null also where there is none. */
  layoutOf(id: string): ReturnType<LayerPaths['writable']> & { parent: ChainId | null } {
    const parent = this.records.snapshots().get(id) ?? null;
    return { ...this.#parts.paths.writable(id), parent };
  }

  async has(chain: ChainId): Promise<boolean> {
    return this.records.get(chain) !== undefined;
  }

  async list(): Promise<CommittedLayer[]> {
    return [...this.records.chains()].map(committedLayer);
  }

  async layers(chain: ChainId): Promise<CommittedLayer[]> {
    const found: CommittedLayer[] = [];
    for (let record = this.#recordOf(chain); record; record = record.parent) {
      found.push(committedLayer(record));
    }
    return found.reverse();
  }

  async view(chain: ChainId | null): Promise<MountedView> {
    return await this.#parts.views.open(this.#recordOf(chain));
  }

  archive(chain: ChainId): ByteStream {
    return archiveLayer(this.#parts, chain);
  }

  archiveTree(directory: string, { epochS, signal }: Archiving = {}): ByteStream {
    const input = { directory, withRoot: false, epochS };
    return this.#parts.pool.stream('archive-diff', input, { signal });
  }

  async mayRestack(
    chain: ChainId,
    parent: ChainId | null,
    surroundings: Surroundings,
  ): Promise<boolean> {
    const { directories, records } = this.#parts;
    const [layer, below] = [this.#recordOf(chain), this.#recordOf(parent)];
    if (!findsSame(directories.all(below), surroundings)) return false;
    const taken = new Set(records.linkedInodes(below, { isStack: true }));
    return taken.size === 0 || !records.linkedInodes(layer).some((inode) => taken.has(inode));
  }

  async *archiveStack(chain: ChainId | null, options?: Archiving): ByteStream {
    await using view = await this.view(chain);
    yield* this.archiveTree(view.rootPath, options);
  }

  async delete(chain: ChainId): Promise<{ freedBytes: number }> {
    this.records.require(chain);
    if (this.#isInUse(chain)) {
      throw conflict(`delete layer ${chain}: a layer or container stands on it`);
    }
    return { freedBytes: this.#parts.directories.remove(chain) };
  }

  /**
   * Deletes a stack unless something stands on it or it was made or asked for within `graceMs`; gives
   * the bytes freed, or undefined when it stays. No other operation comes between look and deletion.
   */
  deleteUnused(chain: ChainId, graceMs: number): number | undefined {
    const isRecent = this.#parts.now() - this.records.usedAtMs(chain) < graceMs;
    if (isRecent || this.#isInUse(chain)) return undefined;
    return this.#parts.directories.remove(chain);
  }

  /** Resolves when all that was recorded is on disk, and all that was deleted is gone from it. */
  async settled(): Promise<void> {
    await this.#parts.directories.synced();
    await this.#parts.trash.emptied();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.views.close();
    await this.#parts.directories.synced();
  }

  #recordOf(chain: ChainId | null): ChainRecord | null {
    return chain === null ? null : this.records.require(chain);
  }

  #isInUse(chain: ChainId): boolean {
    return this.records.isInUse(chain) || this.#parts.views.isViewed(chain);
  }
}
