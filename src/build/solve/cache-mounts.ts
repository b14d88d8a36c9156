import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../../core/index.ts';
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
 * A folder without it is from a crash and made again.
 */
const markFile = 'mount.json';

interface Mark {
  readonly description: string;
  readonly createdAtMs: number;
}

/** Keeps the folders below `root`, each as `<hash of id>-<number>/data`. */
export function createCacheMounts(root: string): CacheMounts {
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
      await make(join(root, name), request);
    }
    const kept = parts.move();
    return { folder: join(root, name, 'data'), [Symbol.dispose]: () => kept.dispose() };
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
      const folders = await Promise.all(names.map((name) => describe(join(root, name))));
      return folders.flatMap((folder, index) => {
        const name = names[index]!;
        return folder ? [{ ...folder, name, inUse: users.has(name) }] : [];
      });
    },
    async remove(name) {
      using _turn = await changes.take(name);
      if (users.has(name)) return false;
      await rm(join(root, name), { recursive: true, force: true });
      return true;
    },
  };
}

type Description = Omit<CacheMountFolder, 'name' | 'inUse'>;

async function describe(path: string): Promise<Description | undefined> {
  try {
    const mark = JSON.parse(await readFile(join(path, markFile), 'utf8')) as Mark;
    const { mtimeMs } = await lstat(join(path, markFile));
    return { ...mark, sizeBytes: await sizeOf(join(path, 'data')), usedAtMs: mtimeMs };
  } catch (error) {
    // Being made or removed right now, or left by a crash.
    if (errnoCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function make(path: string, { fill, description }: CacheMountRequest): Promise<void> {
  const names: string[] = await readdir(path).catch(() => []);
  const now = new Date();
  if (names.includes(markFile)) {
    await utimes(join(path, markFile), now, now);
    return;
  }
  await rm(path, { recursive: true, force: true });
  await mkdir(join(path, 'data'), { recursive: true, mode: 0o755 });
  await fill(join(path, 'data'));
  const mark: Mark = { description, createdAtMs: now.getTime() };
  await writeFile(join(path, markFile), JSON.stringify(mark));
}

/** Sum of the sizes of the files below a folder; what vanishes meanwhile counts nothing. */
async function sizeOf(folder: string): Promise<number> {
  let sizeBytes = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const stat = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined);
    sizeBytes += stat?.size ?? 0;
  }
  return sizeBytes;
}
