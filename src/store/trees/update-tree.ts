import { constants as os } from 'node:os';
import { type ListedFiles, updateActions } from '../../core/index.ts';
import { isPortableXattr } from '../../image/index.ts';
import {
  check,
  chmodAt,
  chownAt,
  closeFd,
  cwdFd,
  fchmod,
  fchown,
  fileTypes,
  futimes,
  linkAt,
  listFdXattrs,
  mkdirAt,
  mknodAt,
  openAt,
  openBeneath,
  openDirectory,
  removeXattr,
  renameAt,
  rmdirAt,
  symlinkAt,
  unlinkAt,
  utimesAt,
} from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { writeFdXattrs, writeXattrsAt } from '../files/layer-xattrs.ts';
import { baseName, directoryName } from '../files/tree-writer.ts';
import type { JobContext } from '../threads/job.ts';
import { listedAttributes, listedType, type PackedListing, unpackListing } from './listed-files.ts';

export interface UpdateTreeInput {
  readonly directory: string;
  readonly listing: PackedListing | ListedFiles;
  readonly actions: Uint8Array;
  readonly removed: readonly string[];
  readonly staging: string;
  readonly base?: string;
}

const { EISDIR } = os.errno;

/** Job: makes a folder what a listing says, without changing any file where it stands. */
export function updateTree(input: UpdateTreeInput, context: JobContext): void {
  let update: TreeUpdate | undefined;
  try {
    update = new TreeUpdate(input);
    for (const path of input.removed) update.remove(path, context);
    update.go(context);
  } catch (error) {
    throw diskError('update context', error);
  } finally {
    update?.close();
  }
}

/** No link is ever followed: what leads through one is an error (ELOOP). */
class TreeUpdate {
  readonly #listed: ListedFiles;
  readonly #actions: Uint8Array;
  readonly #rootFd: number;
  readonly #stagingFd: number;
  readonly #baseFd: number;
  /** Directories in which something changed, whose times have to be set again. */
  readonly #changed = new Set<string>();
  #parent = { path: '', fd: -1 };
  #baseParent = { path: '', fd: -1 };

  constructor({ directory, listing, actions, staging, base }: UpdateTreeInput) {
    this.#listed = unpackListing(listing);
    this.#actions = actions;
    this.#rootFd = check(openAt(cwdFd, directory, openDirectory), 'openat', directory);
    this.#stagingFd = check(openAt(cwdFd, staging, openDirectory), 'openat', staging);
    this.#baseFd =
      base === undefined ? -1 : check(openAt(cwdFd, base, openDirectory), 'openat', base);
  }

  remove(path: string, context: JobContext): void {
    context.checkCanceled();
    const fd = this.#parentOf(path);
    let result = unlinkAt(fd, baseName(path));
    if (result === -EISDIR) result = rmdirAt(fd, baseName(path));
    check(result, 'unlinkat', path);
    this.#changed.add(directoryName(path));
  }

  go(context: JobContext): void {
    const { paths } = this.#listed;
    // What was removed may have been the directory that is open.
    this.#closeParents();
    for (let number = 0; number < paths.length; number++) {
      const action = this.#actions[number]!;
      if (action === updateActions.keep || action === updateActions.dress) continue;
      context.checkCanceled();
      this.#put(number, action);
      this.#changed.add(directoryName(paths[number]!));
    }
    for (let number = 0; number < paths.length; number++) {
      if (listedType(this.#listed, number) !== 'directory') continue;
      const isNew = this.#actions[number] !== updateActions.keep;
      if (isNew || this.#changed.has(paths[number]!)) this.#dressDirectory(number, isNew);
    }
  }

  close(): void {
    this.#closeParents();
    for (const fd of [this.#rootFd, this.#stagingFd, this.#baseFd]) if (fd >= 0) closeFd(fd);
  }

  #put(number: number, action: number): void {
    const path = this.#listed.paths[number]!;
    const fd = this.#parentOf(path);
    const name = baseName(path);
    if (action === updateActions.move) {
      check(renameAt({ fd: this.#stagingFd, name: `${number}` }, { fd, name }), 'rename', path);
    } else if (action === updateActions.link) {
      this.#baseParent = this.#directory(this.#baseParent, this.#baseFd, directoryName(path));
      check(linkAt(this.#baseParent.fd, name, fd, name), 'linkat', path);
    } else this.#make(number, fd, name);
  }

  #make(number: number, fd: number, name: string): void {
    const path = this.#listed.paths[number]!;
    const type = listedType(this.#listed, number);
    const link = this.#listed.links.get(number) ?? '';
    if (type === 'directory') {
      check(mkdirAt(fd, name, 0o700), 'mkdirat', path);
      return;
    }
    if (type === 'file') {
      // Another name of a file that was listed, and put in its place, before.
      const fromFd = openBeneath(this.#rootFd, directoryName(link), openDirectory);
      check(fromFd, 'openat2', link);
      try {
        check(linkAt(fromFd, baseName(link), fd, name), 'linkat', path);
      } finally {
        closeFd(fromFd);
      }
      return;
    }
    const { mode, uid, gid, mtimeNs, xattrs } = listedAttributes(this.#listed, number);
    if (type === 'symlink') check(symlinkAt(link, fd, name), 'symlinkat', path);
    else {
      const [major, minor] = this.#listed.devices.get(number) ?? [0, 0];
      check(mknodAt(fd, name, nodeTypes[type] | 0o600, major, minor), 'mknodat', path);
      check(chmodAt(fd, name, mode), 'fchmodat', path);
    }
    check(chownAt(fd, name, uid, gid), 'fchownat', path);
    writeXattrsAt(fd, name, xattrs);
    check(utimesAt(fd, name, mtimeNs), 'utimensat', path);
  }

  #dressDirectory(number: number, isNew: boolean): void {
    const path = this.#listed.paths[number]!;
    const { mode, uid, gid, mtimeNs, xattrs } = listedAttributes(this.#listed, number);
    const fd = check(openBeneath(this.#rootFd, path, openDirectory), 'openat2', path);
    try {
      if (isNew) {
        check(fchown(fd, uid, gid), 'fchown', path);
        check(fchmod(fd, mode), 'fchmod', path);
        for (const name of listFdXattrs(fd)) {
          if (isPortableXattr(name)) removeXattr(`/proc/self/fd/${fd}/.`, name);
        }
        writeFdXattrs(fd, xattrs);
      }
      check(futimes(fd, mtimeNs), 'futimens', path);
    } finally {
      closeFd(fd);
    }
  }

  #parentOf(path: string): number {
    this.#parent = this.#directory(this.#parent, this.#rootFd, directoryName(path));
    return this.#parent.fd;
  }

  /** Opens a directory unless it is the one that is open; entries come directory by directory. */
  #directory(open: { path: string; fd: number }, rootFd: number, path: string) {
    if (open.fd >= 0 && open.path === path) return open;
    const fd = check(openBeneath(rootFd, path, openDirectory), 'openat2', path);
    if (open.fd >= 0) closeFd(open.fd);
    return { path, fd };
  }

  #closeParents(): void {
    for (const { fd } of [this.#parent, this.#baseParent]) if (fd >= 0) closeFd(fd);
    this.#parent = { path: '', fd: -1 };
    this.#baseParent = { path: '', fd: -1 };
  }
}

const nodeTypes = {
  fifo: fileTypes.fifo,
  'character-device': fileTypes.characterDevice,
  'block-device': fileTypes.blockDevice,
} as const;
