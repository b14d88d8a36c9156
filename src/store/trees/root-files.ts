import { constants, opendirSync, readFileSync } from 'node:fs';
import { constants as os } from 'node:os';
import { posix } from 'node:path';
import { invalid } from '../../core/index.ts';
import {
  check,
  closeFd,
  cwdFd,
  type FileStat,
  fchmod,
  fchown,
  fileType,
  fileTypes,
  futimes,
  isDirectory,
  mkdirAt,
  openAt,
  openDirectory,
  openInRoot,
  pathOnly,
  rmdirAt,
  statAt,
  unlinkAt,
} from '../../linux/index.ts';

/**
 * Small touches inside one mounted root, for who builds and runs there. Every path is resolved as a
 * process would whose root it is: links and `..` never lead outside.
 */
export interface RootFiles {
  /** Content of a regular file, or undefined when there is none. Throws `invalid` past the limit. */
  read(rootPath: string, path: string, limitBytes: number): Promise<Uint8Array | undefined>;
  /** What stands at the path, links followed, or undefined. */
  kindOf(rootPath: string, path: string): Promise<'directory' | 'other' | undefined>;
  /**
   * Names in a directory, links followed, with `noFollow` but for the last, or undefined when it is
   * none; no more than `most`.
   */
  list(
    rootPath: string,
    path: string,
    options?: { most?: number; noFollow?: boolean },
  ): Promise<readonly string[] | undefined>;
  /** Creates the directory and its missing parents; what exists stays. False when nothing was missing. */
  makeDirectory(
    rootPath: string,
    path: string,
    options: { uid: number; gid: number; mode: number; epochS?: number },
  ): Promise<boolean>;
  /** Notes those of the paths that do not exist, so that what a runtime leaves there can be taken away. */
  missing(rootPath: string, paths: readonly string[]): Promise<MountStubs>;
}

export interface MountStubs {
  /** Removes what is empty at the noted paths, parents made for them included, and resets times. */
  clear(): Promise<void>;
}

/** Not there, or something on the way is no directory. */
const absent = new Set([-os.errno.ENOENT, -os.errno.ENOTDIR, -os.errno.ELOOP]);

export function createRootFiles(): RootFiles {
  return {
    async read(rootPath, path, limitBytes) {
      return withOpened(rootPath, path, constants.O_RDONLY | constants.O_NONBLOCK, (fd, stat) => {
        if (fileType(stat.mode) !== fileTypes.file) return undefined;
        if (stat.sizeBytes > limitBytes) {
          throw invalid(
            `read ${path}: ${stat.sizeBytes} bytes, more than the allowed ${limitBytes}`,
          );
        }
        return readFileSync(fd);
      });
    },
    async kindOf(rootPath, path) {
      return withOpened(rootPath, path, pathOnly, (_fd, stat) =>
        isDirectory(stat) ? 'directory' : 'other',
      );
    },
    async list(rootPath, path, { most = Number.POSITIVE_INFINITY, noFollow = false } = {}) {
      const flags = noFollow ? pathOnly | constants.O_NOFOLLOW : pathOnly;
      return withOpened(rootPath, path, flags, (fd, stat) =>
        isDirectory(stat) ? namesIn(`/proc/self/fd/${fd}`, most) : undefined,
      );
    },
    makeDirectory: async (rootPath, path, options) => makeDirectory(rootPath, path, options),
    missing: async (rootPath, paths) => noteMissing(rootPath, paths),
  };
}

function namesIn(path: string, most: number): string[] {
  const names: string[] = [];
  const directory = opendirSync(path);
  try {
    while (names.length < most) {
      const entry = directory.readSync();
      if (!entry) break;
      names.push(entry.name);
    }
  } finally {
    directory.closeSync();
  }
  return names;
}

/** Runs `use` on what stands at the path, or gives undefined when nothing does. */
function withOpened<T>(
  rootPath: string,
  path: string,
  flags: number,
  use: (fd: number, stat: FileStat) => T,
): T | undefined {
  const rootFd = check(openAt(cwdFd, rootPath, openDirectory), 'open', rootPath);
  try {
    const fd = openInRoot(rootFd, relative(path), flags);
    if (absent.has(fd)) return undefined;
    check(fd, 'open', path);
    try {
      const stat = statAt(fd, '');
      if (typeof stat === 'number') check(stat, 'stat', path);
      return use(fd, stat as FileStat);
    } finally {
      closeFd(fd);
    }
  } finally {
    closeFd(rootFd);
  }
}

function makeDirectory(
  rootPath: string,
  path: string,
  options: { uid: number; gid: number; mode: number; epochS?: number },
): boolean {
  const rootFd = check(openAt(cwdFd, rootPath, openDirectory), 'open', rootPath);
  let isMade = false;
  try {
    const parts = relative(path)
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = parts.slice(0, depth).join('/');
      const there = openInRoot(rootFd, prefix, openDirectory);
      if (there >= 0) {
        closeFd(there);
        continue;
      }
      if (there !== -os.errno.ENOENT) {
        throw invalid(`create directory ${path}: /${prefix} is not a directory`);
      }
      makeOne(rootFd, parts.slice(0, depth - 1).join('/'), parts[depth - 1]!, options);
      isMade = true;
    }
  } finally {
    closeFd(rootFd);
  }
  return isMade;
}

function makeOne(
  rootFd: number,
  parent: string,
  name: string,
  { uid, gid, mode, epochS }: { uid: number; gid: number; mode: number; epochS?: number },
): void {
  const parentFd = check(openInRoot(rootFd, parent, openDirectory), 'open', `/${parent}`);
  try {
    const made = mkdirAt(parentFd, name, 0o700);
    if (made === -os.errno.EEXIST)
      throw invalid(`create directory /${parent}/${name}: a link that leads nowhere is there`);
    check(made, 'mkdir', `/${parent}/${name}`);
    const fd = check(openAt(parentFd, name, openDirectory | constants.O_NOFOLLOW), 'open', name);
    try {
      check(fchown(fd, uid, gid), 'chown', name);
      check(fchmod(fd, mode), 'chmod', name);
      if (epochS !== undefined) check(futimes(fd, BigInt(epochS) * 1_000_000_000n), 'utimes', name);
    } finally {
      closeFd(fd);
    }
  } finally {
    closeFd(parentFd);
  }
}

interface Stub {
  readonly parent: string;
  readonly name: string;
  readonly parentMtimeNs: bigint;
}

/** The first missing component of each path is what clearing has to begin from below. */
function noteMissing(rootPath: string, paths: readonly string[]): MountStubs {
  const stubs = new Map<string, Stub>();
  for (const path of paths) {
    const parts = relative(path)
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    for (let depth = parts.length; depth >= 1; depth--) {
      const parent = parts.slice(0, depth - 1).join('/');
      const name = parts[depth - 1]!;
      const isThere = withOpened(
        rootPath,
        parent,
        openDirectory,
        (fd) => typeof statAt(fd, name) !== 'number',
      );
      if (isThere) break;
      const parentMtimeNs = withOpened(
        rootPath,
        parent,
        openDirectory,
        (_fd, stat) => stat.mtimeNs,
      );
      stubs.set(`${parent}/${name}`, { parent, name, parentMtimeNs: parentMtimeNs ?? -1n });
    }
  }
  return {
    async clear() {
      const deepestFirst = [...stubs.values()].sort((a, b) => b.parent.length - a.parent.length);
      for (const stub of deepestFirst) clearStub(rootPath, stub);
    },
  };
}

function clearStub(rootPath: string, { parent, name, parentMtimeNs }: Stub): void {
  withOpened(rootPath, parent, openDirectory, (fd) => {
    const stat = statAt(fd, name);
    if (typeof stat === 'number') return;
    if (isDirectory(stat)) rmdirAt(fd, name);
    else if (fileType(stat.mode) === fileTypes.file && stat.sizeBytes === 0) unlinkAt(fd, name);
    if (parentMtimeNs >= 0n) futimes(fd, parentMtimeNs);
  });
}

function relative(path: string): string {
  return posix.normalize(`/${path}`).slice(1) || '.';
}
