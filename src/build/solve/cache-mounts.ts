import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoCode } from '../../core/index.ts';

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
  const making = new Map<string, Promise<void>>();
  /** The last of those who want an id locked. */
  const queues = new Map<string, Promise<void>>();

  async function open(name: string, request: CacheMountRequest): Promise<CacheMountLease> {
    users.set(name, (users.get(name) ?? 0) + 1);
    const release = () => {
      const left = users.get(name)! - 1;
      if (left === 0) users.delete(name);
      else users.set(name, left);
    };
    try {
      const made = making.get(name) ?? make(join(root, name), request);
      making.set(name, made);
      await made.finally(() => making.delete(name));
    } catch (error) {
      release();
      throw error;
    }
    let released = false;
    return {
      folder: join(root, name, 'data'),
      [Symbol.dispose]() {
        if (!released) release();
        released = true;
      },
    };
  }

  async function openLocked(request: CacheMountRequest, name: string): Promise<CacheMountLease> {
    const before = queues.get(name) ?? Promise.resolve();
    const turn = Promise.withResolvers<void>();
    const mine = before.then(() => turn.promise);
    queues.set(name, mine);
    const next = () => {
      turn.resolve();
      if (queues.get(name) === mine) queues.delete(name);
    };
    try {
      await unlessAborted(before, request.signal);
      const lease = await open(name, request);
      return {
        folder: lease.folder,
        [Symbol.dispose]() {
          lease[Symbol.dispose]();
          next();
        },
      };
    } catch (error) {
      next();
      throw error;
    }
  }

  async function describe(name: string): Promise<CacheMountFolder | undefined> {
    try {
      const path = join(root, name, markFile);
      const mark = JSON.parse(await readFile(path, 'utf8')) as Mark;
      const { mtimeMs } = await lstat(path);
      const sizeBytes = await sizeOf(join(root, name, 'data'));
      return { name, ...mark, inUse: users.has(name), sizeBytes, usedAtMs: mtimeMs };
    } catch (error) {
      // Being made or removed right now, or left by a crash.
      if (errnoCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  return {
    async acquire(request) {
      const base = createHash('sha256').update(request.id).digest('hex').slice(0, 32);
      if (request.sharing === 'locked') return openLocked(request, `${base}-0`);
      let number = 0;
      if (request.sharing === 'private') while (users.has(`${base}-${number}`)) number++;
      return open(`${base}-${number}`, request);
    },
    async list() {
      const names: string[] = await readdir(root).catch(() => []);
      const folders = await Promise.all(names.map((name) => describe(name)));
      return folders.filter((folder) => folder !== undefined);
    },
    async remove(name) {
      if (users.has(name)) return false;
      await rm(join(root, name), { recursive: true, force: true });
      return true;
    },
  };
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

/** Waits for the promise or throws the signal's reason. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
