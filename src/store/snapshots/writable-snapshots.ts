import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { conflict, errnoCode, notFound } from '../../core/index.ts';
import { mountsBelow, type Overlays, unmount } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { dressRoot } from '../layers/dress-implied.ts';
import type { LayerDirectories } from '../layers/layer-directories.ts';
import type { LayerRecords } from '../layers/layer-records.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';
import { commitSnapshot } from './commit-snapshot.ts';
import { keyedLock } from './keyed-lock.ts';
import type { LayerPaths } from './layer-paths.ts';
import type { ChainId, CommitOptions, Snapshot } from './snapshots.ts';
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
}

/** Writable snapshots and their mounts. What an earlier process left mounted is known as such. */
export async function openWritableSnapshots(options: WritableSnapshotsOptions) {
  const { paths, records, directories, trash, pool, overlays } = options;
  const exclusively = keyedLock();
  const mounted = new Set<string>();
  /** Those that were mounted since they were made: something may have run in them. */
  const wasMounted = new Set<string>();
  /** Changed behind the mount by this process, not by something that ran in it. */
  const writtenDirectly = new Set<string>();

  for (const { path } of await mountsBelow(paths.active)) mounted.add(path);
  for (const id of readdirSync(paths.active)) if (!records.snapshots().has(id)) await drop(id);
  for (const [id] of records.snapshots()) {
    if (!existsSync(paths.writable(id).upperPath)) await drop(id);
  }

  function requireParent(id: string): ChainId | null {
    const parent = records.snapshots().get(id);
    if (parent === undefined) throw notFound(`find snapshot ${id}: no such snapshot`);
    return parent;
  }
  const recordOf = (parent: ChainId | null) => (parent === null ? null : records.require(parent));

  async function prepare(
    id: string,
    parent: ChainId | null,
    { isTransient = false } = {},
  ): Promise<Snapshot> {
    const { path, upperPath, workPath, rootPath } = paths.writable(id);
    const record = recordOf(parent);
    if (records.snapshots().has(id)) throw conflict(`make snapshot ${id}: the name is in use`);
    records.addSnapshot(id, parent, isTransient);
    try {
      for (const folder of [path, upperPath, workPath, rootPath]) mkdirSync(folder, 0o755);
      dressRoot(upperPath, directories.all(record));
    } catch (error) {
      await drop(id);
      throw diskError(`make snapshot ${id}`, error);
    }
    return snapshotOf(id, parent);
  }

  async function mount(id: string): Promise<string> {
    const parent = requireParent(id);
    const { upperPath, workPath, rootPath } = paths.writable(id);
    if (mounted.has(rootPath)) return rootPath;
    const isVolatile = records.isTransient(id);
    // overlayfs marks the work directory of a mount that did not sync, and refuses it from then on.
    if (isVolatile && wasMounted.has(id)) {
      rmSync(workPath, { recursive: true });
      mkdirSync(workPath);
    }
    const layers = await directories.mountable(recordOf(parent));
    const lowers = layers.length > 0 ? layers : [paths.empty[0]];
    const upper = { path: upperPath, workPath, volatile: isVolatile };
    try {
      await overlays.mount({ lowers, upper, target: rootPath });
    } catch (error) {
      throw diskError(`mount snapshot ${id}`, error);
    }
    mounted.add(rootPath);
    wasMounted.add(id);
    return rootPath;
  }

  async function unmountSnapshot(id: string): Promise<void> {
    const { rootPath } = paths.writable(id);
    if (!mounted.has(rootPath)) return;
    try {
      await unmount(rootPath);
    } catch (error) {
      if (errnoCode(error) !== 'EBUSY') throw diskError(`unmount snapshot ${id}`, error);
      // A file of it is still open somewhere: it leaves the tree now and ends with that file.
      await unmount(rootPath, { lazy: true });
    }
    mounted.delete(rootPath);
  }

  async function drop(id: string): Promise<void> {
    await unmountSnapshot(id);
    records.removeSnapshot(id);
    for (const marks of [wasMounted, writtenDirectly]) marks.delete(id);
    trash.take(paths.writable(id).path);
  }

  /**
   * Runs work on the upper directory of the snapshot whose mount point or upper directory `path` is,
   * while it is not mounted; mounts it again. Undefined where it is another path or the mount in use.
   */
  async function withUpper<T>(
    path: string,
    work: (upper: UnmountedUpper | undefined) => Promise<T>,
  ): Promise<T> {
    const id = basename(dirname(path));
    const known = paths.isBelowActive(path) && records.snapshots().has(id);
    if (!known) return await work(undefined);
    return await exclusively(id, async () => {
      const { rootPath, upperPath } = paths.writable(id);
      const isMounted = mounted.has(rootPath);
      if (isMounted && !(await tryUnmount(rootPath))) return await work(undefined);
      mounted.delete(rootPath);
      writtenDirectly.add(id);
      const layers = directories.all(recordOf(requireParent(id)));
      try {
        return await work({ upperPath, layers });
      } finally {
        if (isMounted) await mount(id);
      }
    });
  }

  function snapshotOf(id: string, parent: ChainId | null): Snapshot {
    const { upperPath, rootPath } = paths.writable(id);
    const layers = () => directories.all(recordOf(parent));
    return {
      id,
      parent,
      upperPath,
      rootPath,
      mount: () => exclusively(id, () => mount(id)),
      unmount: () => exclusively(id, () => unmountSnapshot(id)),
      changes: () => pool.run('list-changes', { upperPath, layers: layers() }),
      usage: () => pool.run('measure-tree', { path: upperPath }),
    };
  }

  return {
    prepare,
    get: async (id: string) => snapshotOf(id, requireParent(id)),
    remove: async (id: string) => {
      if (!existsSync(paths.writable(id).path) && !records.snapshots().has(id)) return;
      await exclusively(id, () => drop(id));
    },
    commit: (id: string, commitOptions: CommitOptions = {}) =>
      exclusively(id, async () => {
        const parent = requireParent(id);
        const { keep } = commitOptions;
        if (!keep) await unmountSnapshot(id);
        const ranInside = wasMounted.has(id) && !writtenDirectly.has(id);
        const request = { id, parent: recordOf(parent), ranInside };
        const committed = await commitSnapshot(options, request, commitOptions);
        if (!keep) await drop(id);
        return committed;
      }),
    async recover(known: { existing: ReadonlySet<string>; running: ReadonlySet<string> }) {
      for (const id of [...records.snapshots().keys()]) {
        if (!known.existing.has(id)) await exclusively(id, () => drop(id));
        else if (!known.running.has(id)) await exclusively(id, () => unmountSnapshot(id));
      }
    },
    withUpper,
  };
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
