import { constants as fs, mkdirSync, openSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { errnoCode, errorKind } from '../../core/index.ts';
import {
  check,
  closeFd,
  listDirectory,
  openAt,
  openDirectory,
  rmdirAt,
  unlinkAt,
} from '../../linux/index.ts';
import type { WorkerPool } from '../threads/worker-pool.ts';

/** Directories on their way out: gone under their name at once, from the disk soon. */
export interface Trash {
  /** Takes a directory of the same filesystem; idempotent when it is not there. */
  take(path: string): void;
  /** Resolves when all that was taken is deleted. */
  emptied(): Promise<void>;
}

/** So much is deleted in place; starting a thread would cost more. */
const mostInPlace = 64;

/** `path` is the folder that holds what is being deleted; what a crash left there is deleted too. */
export function openTrash(path: string, pool: WorkerPool): Trash {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  let last = 0;
  let emptying: Promise<void> | undefined;
  let isFull = readdirSync(path).length > 0;

  async function emptyAll(): Promise<void> {
    while (isFull) {
      isFull = false;
      await pool.run('empty-folder', { path });
    }
  }

  function startEmptying(): void {
    isFull = true;
    emptying ??= emptyAll()
      .catch((error) => {
        // Space that cannot be freed now is tried again at the next start.
        if (errorKind(error) !== 'canceled') process.emitWarning(error as Error);
      })
      .finally(() => {
        emptying = undefined;
        if (isFull) startEmptying();
      });
  }

  function take(from: string): void {
    const name = `${process.pid}-${++last}`;
    try {
      renameSync(from, join(path, name));
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return;
      throw error;
    }
    // While a thread empties the folder, two would remove the same.
    if (emptying || !removeSmall(path, name)) startEmptying();
  }

  if (isFull) startEmptying();
  return { take, emptied: async () => await emptying };
}

/** Gives false when it holds too much, or what cannot be deleted; some is deleted then. */
function removeSmall(folder: string, name: string): boolean {
  const fd = openSync(folder, openDirectory);
  try {
    return removeWithin({ left: mostInPlace }, fd, name);
  } catch {
    return false; // the thread tries as well, and tells
  } finally {
    closeFd(fd);
  }
}

function removeWithin(budget: { left: number }, parentFd: number, name: string): boolean {
  const fd = check(openAt(parentFd, name, openDirectory | fs.O_NOFOLLOW), 'openat', name);
  try {
    for (const child of listDirectory(fd)) {
      if (--budget.left < 0) return false;
      if (unlinkAt(fd, child) < 0 && !removeWithin(budget, fd, child)) return false;
    }
  } finally {
    closeFd(fd);
  }
  return rmdirAt(parentFd, name) === 0;
}
