import { constants as fs } from 'node:fs';
import { constants as os } from 'node:os';
import { invalid } from '../../core/index.ts';
import { quoteMember } from '../../image/index.ts';
import {
  chmodAt,
  chownAt,
  closeFd,
  fchmod,
  fchown,
  fileTypes,
  futimes,
  isDirectory,
  isWhiteout,
  linkAt,
  mkdirAt,
  mknodAt,
  openAt,
  openDirectory,
  openInRoot,
  setFdXattr,
  skipHole,
  statAt,
  symlinkAt,
  systemError,
  truncateFd,
  unlinkAt,
  utimesAt,
  writeFully,
} from '../../linux/index.ts';
import {
  opaqueValue,
  opaqueXattr,
  writeFdXattrs,
  writeXattrsAt,
  type Xattrs,
} from './layer-xattrs.ts';
import { OpenDirectories } from './open-directories.ts';
import { removeTreeAt } from './remove-tree.ts';

const { EEXIST, ENOENT, EISDIR } = os.errno;
/** What the disk or machine says of itself, not of the tree that is written. */
const machineErrors = new Set(
  (['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM', 'EINTR'] as const).map(
    (name) => os.errno[name],
  ),
);
const createNew = fs.O_WRONLY | fs.O_CREAT | fs.O_EXCL | fs.O_NOFOLLOW;

/** What every kind of file has. */
export interface Attributes {
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly xattrs: Xattrs;
}

/**
 * Writes files below one directory, on this thread, whatever their names and links say: a path is
 * resolved as by a process whose root the directory is, and its last part is never followed. Paths
 * are relative and clean (`cleanMemberPath`). What stands at a path already gives way, but for a
 * directory under a directory. Throws `invalid` for a tree that cannot be, system errors else.
 */
export class TreeWriter {
  /** Directories that were made because something in them was: nobody gave their attributes. */
  readonly implied = new Set<string>();
  readonly #rootFd: number;
  readonly #directories: OpenDirectories;
  /** Attributes that writing into a directory would change, or that would change what is written. */
  readonly #late = new Map<string, Attributes>();
  readonly #umask = process.umask();
  #file: { fd: number; path: string; attributes: Attributes; endsInHole: boolean } | undefined;
  #position = 0;

  /** In a fresh, plain directory nothing inherits group or access list. */
  readonly #isFresh: boolean;

  /**
   * The descriptor stays the caller's. `isFresh` promises that the directory was made empty for this,
   * which saves calls.
   */
  constructor(rootFd: number, { isFresh = false } = {}) {
    this.#rootFd = rootFd;
    this.#isFresh = isFresh;
    this.#directories = new OpenDirectories(rootFd, (directory) => this.#makeParent(directory));
  }

  addDirectory(path: string, attributes: Attributes): void {
    this.implied.delete(path);
    this.#late.set(path, attributes);
    if (path !== '') this.#makeDirectory(path, true);
  }

  /** Starts a file; `write`, `hole` and `endFile` follow. */
  beginFile(path: string, attributes: Attributes): void {
    const fd = this.#create(path, (parentFd, name) =>
      openAt(parentFd, name, createNew, attributes.mode & 0o777),
    );
    this.#file = { fd, path, attributes, endsInHole: false };
    this.#position = 0;
  }

  write(bytes: Uint8Array): void {
    const file = this.#file!;
    this.#accept(writeFully(file.fd, bytes), 'write', file.path);
    this.#position += bytes.length;
    file.endsInHole = false;
  }

  hole(sizeBytes: number): void {
    const file = this.#file!;
    this.#accept(skipHole(file.fd, sizeBytes), 'lseek', file.path);
    this.#position += sizeBytes;
    file.endsInHole = true;
  }

  endFile(): void {
    const { fd, path, attributes, endsInHole } = this.#file!;
    const { mode, uid, gid, mtimeNs, xattrs } = attributes;
    if (endsInHole) this.#accept(truncateFd(fd, this.#position), 'ftruncate', path);
    if (!this.#isFresh || uid !== 0 || gid !== 0) {
      this.#accept(fchown(fd, uid, gid), 'fchown', path);
    }
    if (!this.#isFresh || (mode & this.#umask) !== 0 || mode > 0o777) {
      this.#accept(fchmod(fd, mode), 'fchmod', path);
    }
    if (xattrs.size > 0) writeFdXattrs(fd, xattrs);
    this.#accept(futimes(fd, mtimeNs), 'futimens', path);
    this.#dropFile();
  }

  addSymlink(path: string, target: string, attributes: Attributes): void {
    this.#create(path, (parentFd, name) => symlinkAt(target, parentFd, name));
    this.#dress(path, attributes);
  }

  /** `type` is one of S_IFCHR, S_IFBLK, S_IFIFO. */
  addNode(
    path: string,
    type: number,
    attributes: Attributes,
    device = { major: 0, minor: 0 },
  ): void {
    const { major, minor } = device;
    this.#create(path, (parentFd, name) => mknodAt(parentFd, name, type | 0o600, major, minor));
    this.#dress(path, attributes);
    const parentFd = this.#directories.parentOf(path);
    this.#accept(chmodAt(parentFd, baseName(path), attributes.mode), 'fchmodat', path);
  }

  #dress(path: string, { uid, gid, mtimeNs, xattrs }: Attributes): void {
    const parentFd = this.#directories.parentOf(path);
    const name = baseName(path);
    if (!this.#isFresh || uid !== 0 || gid !== 0) {
      this.#accept(chownAt(parentFd, name, uid, gid), 'fchownat', path);
    }
    if (xattrs.size > 0) writeXattrsAt(parentFd, name, xattrs);
    this.#accept(utimesAt(parentFd, name, mtimeNs), 'utimensat', path);
  }

  /** Gives the file at `target` (clean, relative; a link there is itself linked) one more name. */
  addHardlink(path: string, target: string): void {
    if (path === target) return;
    const targetFd = this.#existingParent(target);
    if (targetFd < 0) throw this.#noTarget(path, target);
    try {
      const from = baseName(target);
      if (statAt(targetFd, from) === -ENOENT) throw this.#noTarget(path, target);
      this.#create(path, (parentFd, name) => linkAt(targetFd, from, parentFd, name));
    } finally {
      closeFd(targetFd);
    }
  }

  #noTarget(path: string, target: string): Error {
    const names = `${quoteMember(path)} to ${quoteMember(target)}`;
    return invalid(`link ${names}: there is no such file in the archive`);
  }

  /** Own descriptor of the directory that holds `path`, or minus the errno. */
  #existingParent(path: string): number {
    return openInRoot(this.#rootFd, directoryName(path), openDirectory);
  }

  /**
   * Marks that lower layers show nothing at `path`. What this tree itself has there stays, and only
   * hides: a directory becomes opaque.
   */
  addWhiteout(path: string): void {
    const parentFd = this.#directories.parentOf(path);
    const name = baseName(path);
    const result = mknodAt(parentFd, name, fileTypes.characterDevice);
    if (result !== -EEXIST) this.#accept(result, 'mknodat', path);
    else {
      const found = statAt(parentFd, name);
      if (typeof found === 'object' && isDirectory(found)) this.makeOpaque(path);
    }
  }

  makeOpaque(path: string): void {
    const fd = this.#directories.open(path);
    this.#accept(setFdXattr(fd, opaqueXattr, opaqueValue), 'fsetxattr', path);
  }

  /** Gives directories their attributes, once nothing more is written into them. */
  finish(): void {
    for (const [path, { mode, uid, gid, mtimeNs, xattrs }] of this.#late) {
      const fd = this.#directories.open(path);
      this.#accept(fchown(fd, uid, gid), 'fchown', path);
      this.#accept(fchmod(fd, mode), 'fchmod', path);
      if (xattrs.size > 0) writeFdXattrs(fd, xattrs);
      this.#accept(futimes(fd, mtimeNs), 'futimens', path);
    }
    this.#late.clear();
  }

  /** Closes what is open; to be called also after a failure. */
  close(): void {
    this.#dropFile();
    this.#directories.close();
  }

  #dropFile(): void {
    if (this.#file) closeFd(this.#file.fd);
    this.#file = undefined;
  }

  #makeParent(directory: string): void {
    if (this.#makeDirectory(directory, false)) this.implied.add(directory);
  }

  /** Gives false when it is there already. Only what the archive names itself may replace a file. */
  #makeDirectory(path: string, mayReplace: boolean): boolean {
    const parentFd = this.#directories.parentOf(path);
    const name = baseName(path);
    const made = mkdirAt(parentFd, name, 0o755);
    if (made === -EEXIST) {
      const found = statAt(parentFd, name);
      if (typeof found === 'number') throw systemError(found, 'statx', path);
      if (isDirectory(found)) return false;
      if (!mayReplace && !isWhiteout(found)) return false;
      this.#clear(path);
      this.#makeDirectory(path, false);
      // A directory that takes the place of a whiteout hides what it hid.
      if (isWhiteout(found)) this.makeOpaque(path);
      return true;
    }
    this.#accept(made, 'mkdirat', path);
    if ((this.#umask & 0o755) !== 0) chmodAt(parentFd, name, 0o755);
    return true;
  }

  /** Runs what fails with EEXIST while something stands at the path; takes that away then. */
  #create(path: string, make: (parentFd: number, name: string) => number): number {
    const name = baseName(path);
    let result = make(this.#directories.parentOf(path), name);
    if (result === -EEXIST) {
      this.#clear(path);
      result = make(this.#directories.parentOf(path), name);
    }
    return this.#accept(result, 'create', path);
  }

  #clear(path: string): void {
    const parentFd = this.#directories.parentOf(path);
    const name = baseName(path);
    const unlinked = unlinkAt(parentFd, name);
    if (unlinked === -EISDIR) {
      removeTreeAt(parentFd, name);
      for (const known of [this.#late, this.implied]) {
        for (const below of known.keys()) {
          if (below === path || below.startsWith(`${path}/`)) known.delete(below);
        }
      }
    } else this.#accept(unlinked, 'unlinkat', path);
    // What was removed may have been an open directory, or a link that led to one.
    this.#directories.forget();
  }

  #accept(result: number, syscall: string, path: string): number {
    if (result >= 0) return result;
    const cause = systemError(result, syscall, path);
    if (machineErrors.has(-result)) throw cause;
    throw invalid(`unpack ${quoteMember(path)}: ${cause.message.split(':')[0]} from ${syscall}`, {
      cause,
    });
  }
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function directoryName(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
