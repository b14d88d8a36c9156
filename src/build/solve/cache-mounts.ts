import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../../core/index.ts';
import type { Trees } from '../ports.ts';
import { createTurns } from './turns.ts';

/**
 * Folders of `RUN --mount=type=cache`, by id, kept between builds. `shared` gives the same folder to
 * all, `locked` one after the other, `private` another one while it is in use.
 */
export interface CacheMounts {
  acquire(request: CacheMountRequest): Promise<CacheMountLease>;
  list(): Promise<CacheMountFolder[]>;
  /** Removes a folder unless it is in use; false when it is. */
  remove(name: string): Promise<boolean>;
}

export interface CacheMountRequest {
  /** What the mount is for: its id and what it starts from. */
  readonly id: string;
  readonly description: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  /** Fills a folder that has just been made. */
  readonly fill: (folder: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Dispose lets others have it. */
export interface CacheMountLease extends Disposable {
  readonly folder: string;
}

export interface CacheMountFolder {
  readonly name: string;
  readonly description: string;
  readonly inUse: boolean;
  readonly sizeBytes: number;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
}

/**
 * Marks a folder that was filled to its end, and says what for; its time is when it was last used.
 * A folder without it was left half-made, or half-removed, by a crash.
 */
const markFile = 'mount.json';

interface Mark {
  readonly description: string;
  readonly createdAtMs: number;
}

export interface CacheMountsOptions {
  readonly root: string;
  readonly trees: Pick<Trees, 'remove' | 'measure'>;
  /** Takes over work that no build needs to wait for. */
  readonly sweep: (work: Promise<void>) => void;
}

/** Keeps the folders below `root`, each as `<hash of id>-<number>/data`; removes what a crash left. */
export function createCacheMounts({ root, trees, sweep }: CacheMountsOptions): CacheMounts {
  /** Folders in use, and by how many. */
  const users = new Map<string, number>();
  const locks = createTurns();
  /** Making and removing a folder. */
  const changes = createTurns();

  function use(name: string): Disposable {
    users.set(name, (users.get(name) ?? 0) + 1);
    return {
      [Symbol.dispose]() {
        const left = users.get(name)! - 1;
        if (left === 0) users.delete(name);
        else users.set(name, left);
      },
    };
  }

  async function open(name: string, request: CacheMountRequest): Promise<CacheMountLease> {
    using parts = new DisposableStack();
    if (request.sharing === 'locked') parts.use(await locks.take(name, request.signal));
    parts.use(use(name));
    {
      using _turn = await changes.take(name);
      await make(join(root, name), request, trees);
    }
    const kept = parts.move();
    return { folder: join(root, name, 'data'), [Symbol.dispose]: () => kept.dispose() };
  }

  async function removeNow(name: string): Promise<boolean> {
    using _turn = await changes.take(name);
    if (users.has(name)) return false;
    // First of all: what is left of the folder after a crash must not pass for whole.
    rmSync(join(root, name, markFile), { force: true });
    await trees.remove(join(root, name));
    return true;
  }

  mkdirSync(root, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(root)) {
    if (!existsSync(join(root, name, markFile))) sweep(removeNow(name).then(() => {}));
  }

  return {
    acquire(request) {
      const base = createHash('sha256').update(request.id).digest('hex').slice(0, 32);
      let number = 0;
      if (request.sharing === 'private') while (users.has(`${base}-${number}`)) number++;
      return open(`${base}-${number}`, request);
    },
    async list() {
      const names: string[] = await readdir(root).catch(() => []);
      const folders = await Promise.all(names.map((name) => describe(join(root, name), trees)));
      return folders.flatMap((folder, index) => {
        const name = names[index]!;
        return folder ? [{ ...folder, name, inUse: users.has(name) }] : [];
      });
    },
    remove: removeNow,
  };
}

type Description = Omit<CacheMountFolder, 'name' | 'inUse'>;

async function describe(
  path: string,
  trees: CacheMountsOptions['trees'],
): Promise<Description | undefined> {
  try {
    const mark = JSON.parse(await readFile(join(path, markFile), 'utf8')) as Mark;
    const { mtimeMs } = await lstat(join(path, markFile));
    return { ...mark, sizeBytes: await trees.measure(join(path, 'data')), usedAtMs: mtimeMs };
  } catch (error) {
    // Being made or removed right now, or left by a crash.
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function make(
  path: string,
  { fill, description }: CacheMountRequest,
  trees: CacheMountsOptions['trees'],
): Promise<void> {
  const names: string[] = await readdir(path).catch(() => []);
  const now = new Date();
  if (names.includes(markFile)) {
    await utimes(join(path, markFile), now, now);
    return;
  }
  await trees.remove(path);
  await mkdir(join(path, 'data'), { recursive: true, mode: 0o755 });
  await fill(join(path, 'data'));
  const mark: Mark = { description, createdAtMs: now.getTime() };
  await writeFile(join(path, `${markFile}.new`), JSON.stringify(mark));
  await rename(join(path, `${markFile}.new`), join(path, markFile));
}
