import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { conflict, type Digest, errnoCode, notFound } from '../../core/index.ts';
import { mountsBelow, type Overlays, unmount } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { dressRoot } from '../layers/dress-implied.ts';
import type { LayerDirectories } from '../layers/layer-directories.ts';
import type { ChainRecord, LayerRecords } from '../layers/layer-records.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { commitSnapshot } from './commit-snapshot.ts';
import { keyedLock } from './keyed-lock.ts';
import type { LayerPaths } from './layer-paths.ts';
import type { ChainId, CommitOptions, CommittedLayer, Snapshot } from './snapshots.ts';
import type { Trash } from './trash.ts';

export interface WritableSnapshotsOptions {
  readonly paths: LayerPaths;
  readonly records: LayerRecords;
  readonly directories: LayerDirectories;
  readonly trash: Trash;
  readonly pool: WorkerPool;
  readonly overlays: Overlays;
}

/** The upper directory of a snapshot that is not mounted, with the layers below, topmost first. */
export interface UnmountedUpper {
  readonly upperPath: string;
  readonly layers: readonly string[];
  /** Inodes of files in those layers that have names elsewhere, too. */
  linkedInodes(): readonly number[];
}

/** Writable snapshots and their mounts. What an earlier process left mounted is known as such. */
export class WritableSnapshots {
  readonly #options: WritableSnapshotsOptions;
  readonly #exclusively = keyedLock();
  /** Mount points in use. */
  readonly #mounted = new Set<string>();
  /** Those that were mounted since they were made: something may have run in them. */
  readonly #wasMounted = new Set<string>();
  /** Changed behind the mount by this process, not by something that ran in it. */
  readonly #writtenDirectly = new Set<string>();

  private constructor(options: WritableSnapshotsOptions) {
    this.#options = options;
  }

  /** Removes what a crash left half-made. */
  static async open(options: WritableSnapshotsOptions): Promise<WritableSnapshots> {
    const { paths, records } = options;
    const opened = new WritableSnapshots(options);
    for (const { path } of await mountsBelow(paths.active)) opened.#mounted.add(path);
    for (const id of readdirSync(paths.active)) {
      if (!records.snapshots().has(id)) await opened.#drop(id);
    }
    for (const id of [...records.snapshots().keys()]) {
      if (!existsSync(paths.writable(id).upperPath)) await opened.#drop(id);
    }
    return opened;
  }

  async prepare(
    id: string,
    parent: ChainId | null,
    { isTransient = false } = {},
  ): Promise<Snapshot> {
    const { paths, records, directories } = this.#options;
    const { path, upperPath, workPath, rootPath } = paths.writable(id);
    const record = this.#recordOf(parent);
    if (records.snapshots().has(id)) throw conflict(`make snapshot ${id}: the name is in use`);
    records.addSnapshot(id, parent, isTransient);
    try {
      for (const folder of [path, upperPath, workPath, rootPath]) mkdirSync(folder, 0o755);
      dressRoot(upperPath, directories.all(record));
    } catch (error) {
      await this.#drop(id);
      throw diskError(`make snapshot ${id}`, error);
    }
    return this.#snapshotOf(id, parent);
  }

  async get(id: string): Promise<Snapshot> {
    return this.#snapshotOf(id, this.#parentOf(id));
  }

  async remove(id: string): Promise<void> {
    const { paths, records } = this.#options;
    if (!existsSync(paths.writable(id).path) && !records.snapshots().has(id)) return;
    await this.#exclusively(id, () => this.#drop(id));
  }

  commit(
    id: string,
    options: CommitOptions = {},
  ): Promise<CommittedLayer & { contentDigest?: Digest }> {
    return this.#exclusively(id, async () => {
      const parent = this.#recordOf(this.#parentOf(id));
      if (!options.keep) await this.#unmount(id);
      const ranInside = this.#wasMounted.has(id) && !this.#writtenDirectly.has(id);
      const committed = await commitSnapshot(this.#options, { id, parent, ranInside }, options);
      if (!options.keep) await this.#drop(id);
      return committed;
    });
  }

  async recover(known: {
    existing: ReadonlySet<string>;
    running: ReadonlySet<string>;
  }): Promise<void> {
    for (const id of [...this.#options.records.snapshots().keys()]) {
      if (!known.existing.has(id)) await this.#exclusively(id, () => this.#drop(id));
      else if (!known.running.has(id)) await this.#exclusively(id, () => this.#unmount(id));
    }
  }

  /**
   * Runs work on the upper directory of the snapshot whose mount point or upper directory `path` is,
   * while it is not mounted; mounts it again. Undefined where it is another path or the mount in use.
   */
  async withUpper<T>(
    path: string,
    work: (upper: UnmountedUpper | undefined) => Promise<T>,
  ): Promise<T> {
    const { paths, records, directories } = this.#options;
    const id = basename(dirname(path));
    if (!paths.isBelowActive(path) || !records.snapshots().has(id)) return await work(undefined);
    return await this.#exclusively(id, async () => {
      const { rootPath, upperPath } = paths.writable(id);
      const isMounted = this.#mounted.has(rootPath);
      if (isMounted && !(await tryUnmount(rootPath))) return await work(undefined);
      this.#mounted.delete(rootPath);
      this.#writtenDirectly.add(id);
      const parent = this.#recordOf(this.#parentOf(id));
      const linkedInodes = () => records.linkedInodes(parent, { isStack: true });
      try {
        return await work({ upperPath, layers: directories.all(parent), linkedInodes });
      } finally {
        if (isMounted) await this.#mount(id);
      }
    });
  }

  #parentOf(id: string): ChainId | null {
    const parent = this.#options.records.snapshots().get(id);
    if (parent === undefined) throw notFound(`find snapshot ${id}: no such snapshot`);
    return parent;
  }

  #recordOf(parent: ChainId | null): ChainRecord | null {
    return parent === null ? null : this.#options.records.require(parent);
  }

  #snapshotOf(id: string, parent: ChainId | null): Snapshot {
    const { paths, directories, pool } = this.#options;
    const { upperPath, rootPath } = paths.writable(id);
    const layers = () => directories.all(this.#recordOf(parent));
    return {
      id,
      parent,
      upperPath,
      rootPath,
      mount: () => this.#exclusively(id, () => this.#mount(id)),
      unmount: () => this.#exclusively(id, () => this.#unmount(id)),
      changes: () => pool.run('list-changes', { upperPath, layers: layers() }),
      usage: () => pool.run('measure-tree', { path: upperPath }),
    };
  }

  async #mount(id: string): Promise<string> {
    const { paths, records, directories, overlays } = this.#options;
    const parent = this.#parentOf(id);
    const { upperPath, workPath, rootPath } = paths.writable(id);
    if (this.#mounted.has(rootPath)) return rootPath;
    const volatile = records.isTransient(id);
    // overlayfs marks the work directory of a mount that did not sync, and refuses it from then on.
    if (volatile && this.#wasMounted.has(id)) {
      rmSync(workPath, { recursive: true });
      mkdirSync(workPath);
    }
    const layers = await directories.mountable(this.#recordOf(parent));
    const lowers = layers.length > 0 ? layers : [paths.empty[0]];
    const upper = { path: upperPath, workPath, volatile };
    try {
      await overlays.mount({ lowers, upper, target: rootPath });
    } catch (error) {
      throw diskError(`mount snapshot ${id}`, error);
    }
    this.#mounted.add(rootPath);
    this.#wasMounted.add(id);
    return rootPath;
  }

  async #unmount(id: string): Promise<void> {
    const { rootPath } = this.#options.paths.writable(id);
    if (!this.#mounted.has(rootPath)) return;
    try {
      // With a file still open somewhere, it leaves the tree now and ends with that file.
      if (!(await tryUnmount(rootPath))) await unmount(rootPath, { lazy: true });
    } catch (error) {
      throw diskError(`unmount snapshot ${id}`, error);
    }
    this.#mounted.delete(rootPath);
  }

  async #drop(id: string): Promise<void> {
    await this.#unmount(id);
    this.#options.records.removeSnapshot(id);
    for (const marks of [this.#wasMounted, this.#writtenDirectly]) marks.delete(id);
    this.#options.trash.take(this.#options.paths.writable(id).path);
  }
}

/** Gives false while something uses the mount. */
async function tryUnmount(path: string): Promise<boolean> {
  try {
    await unmount(path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'EBUSY') return false;
    throw error;
  }
}
