import { createHash, hash } from 'node:crypto';
import { constants as fs, openSync, readlinkSync } from 'node:fs';
import { constants as os } from 'node:os';
import { type FileEntry, notFound } from '../../core/index.ts';
import { digestXattrs, quoteMember } from '../../image/index.ts';
import {
  check,
  closeFd,
  type FileStat,
  fileType,
  fileTypes,
  listDirectory,
  openAt,
  openDirectory,
  openInRoot,
  pathOnly,
  readFd,
  readlinkAt,
  statAt,
  systemError,
} from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { readFdXattrs, readXattrs, readXattrsOf } from '../files/layer-xattrs.ts';
import type { JobContext } from '../threads/job.ts';
import type { PackedTree } from './packed-tree.ts';
import { TreeBuilder } from './tree-builder.ts';

export interface ScanTreeInput {
  readonly rootPath: string;
  readonly path: string;
  /** Gives up (null) beyond so many entries or bytes of content: for a try on the caller's thread. */
  readonly most?: { readonly entries: number; readonly bytes: number };
}

export interface ScanTreeOutput extends PackedTree {
  /** Where the thing at the path really stands. */
  readonly realPath: string;
}

class TooMuch extends Error {}

const readFlags = fs.O_RDONLY | fs.O_NOFOLLOW | fs.O_NOATIME;
const buffer = Buffer.allocUnsafeSlow(256 * 1024);

/** Job: lists and digests what stands at a path, links in it followed inside the root only. */
export function scanTree(
  { rootPath, path, most }: ScanTreeInput,
  context: JobContext,
): ScanTreeOutput | null {
  const scan = new TreeScan(context, most);
  let rootFd = -1;
  let fd = -1;
  try {
    rootFd = openSync(rootPath, openDirectory);
    fd = openInRoot(rootFd, path, pathOnly);
    if ([-os.errno.ENOENT, -os.errno.ENOTDIR, -os.errno.ELOOP].includes(fd)) {
      throw notFound(`scan ${quoteMember(path)}: no such file or directory`);
    }
    check(fd, 'openat2', path);
    scan.top(fd);
    return { ...scan.tree.pack(), realPath: readlinkSync(`/proc/self/fd/${fd}`) };
  } catch (error) {
    if (error instanceof TooMuch) return null;
    throw diskError(`scan ${quoteMember(path)}`, error);
  } finally {
    if (fd >= 0) closeFd(fd);
    if (rootFd >= 0) closeFd(rootFd);
  }
}

const typeNames = new Map<number, FileEntry['type']>([
  [fileTypes.file, 'file'],
  [fileTypes.directory, 'directory'],
  [fileTypes.symlink, 'symlink'],
  [fileTypes.fifo, 'fifo'],
  [fileTypes.characterDevice, 'character-device'],
  [fileTypes.blockDevice, 'block-device'],
]);

class TreeScan {
  readonly tree = new TreeBuilder();
  readonly #context: JobContext;
  #entriesLeft: number;
  #bytesLeft: number;

  constructor(context: JobContext, most: ScanTreeInput['most']) {
    this.#context = context;
    this.#entriesLeft = most?.entries ?? Number.POSITIVE_INFINITY;
    this.#bytesLeft = most?.bytes ?? Number.POSITIVE_INFINITY;
  }

  /** What an O_PATH descriptor stands for, and all below it. */
  top(fd: number): void {
    const stat = statAt(fd, '');
    if (typeof stat === 'number') throw systemError(stat, 'statx');
    const type = fileType(stat.mode);
    const self = `/proc/self/fd/${fd}`;
    if (type === fileTypes.directory) {
      const directoryFd = check(openAt(fd, '.', openDirectory), 'openat');
      try {
        this.#add('', stat, { xattrsDigest: digestXattrs(readXattrsOf(`${self}/.`)) });
        this.#children(directoryFd, '');
      } finally {
        closeFd(directoryFd);
      }
    } else {
      const digest =
        type === fileTypes.file ? this.#digest(openSync(self, 'r'), stat.sizeBytes) : undefined;
      this.#add('', stat, { digest });
    }
  }

  #children(directoryFd: number, prefix: string): void {
    for (const name of listDirectory(directoryFd)) {
      const path = prefix + name;
      const stat = statAt(directoryFd, name);
      if (typeof stat === 'number') throw systemError(stat, 'statx', path);
      const type = fileType(stat.mode);
      if (type === fileTypes.file) {
        const fd = check(openAt(directoryFd, name, readFlags), 'openat', path);
        const xattrsDigest = digestXattrs(readFdXattrs(fd));
        this.#add(path, stat, { xattrsDigest, digest: this.#digest(fd, stat.sizeBytes) });
        continue;
      }
      const xattrsDigest = digestXattrs(readXattrs(directoryFd, name));
      if (type === fileTypes.symlink) {
        const linkTarget = readlinkAt(directoryFd, name);
        if (typeof linkTarget === 'number') throw systemError(linkTarget, 'readlinkat', path);
        this.#add(path, stat, { xattrsDigest, linkTarget });
      } else {
        this.#add(path, stat, { xattrsDigest });
        if (type === fileTypes.directory) this.#directory(directoryFd, name, path);
      }
    }
  }

  #directory(parentFd: number, name: string, path: string): void {
    const fd = check(openAt(parentFd, name, openDirectory | fs.O_NOFOLLOW), 'openat', path);
    try {
      this.#children(fd, `${path}/`);
    } finally {
      closeFd(fd);
    }
  }

  #add(
    path: string,
    { mode, uid, gid, sizeBytes, mtimeNs }: FileStat,
    more: { digest?: string; xattrsDigest?: FileEntry['xattrsDigest']; linkTarget?: string },
  ): void {
    this.#context.checkCanceled();
    if (--this.#entriesLeft < 0) throw new TooMuch();
    const type = typeNames.get(fileType(mode));
    // A socket is nothing one could copy.
    if (type === undefined) return;
    this.tree.set(path, {
      type,
      mode: mode & 0o7777,
      uid,
      gid,
      sizeBytes: type === 'file' ? sizeBytes : 0,
      mtimeMs: Number(mtimeNs / 1000n) / 1000,
      linkTarget: '',
      ...more,
    });
  }

  /** Closes the descriptor. */
  #digest(fd: number, sizeBytes: number): string {
    try {
      this.#bytesLeft -= sizeBytes;
      if (this.#bytesLeft < 0) throw new TooMuch();
      const size = check(readFd(fd, buffer), 'read');
      if (size < buffer.length) return hash('sha256', buffer.subarray(0, size), 'binary');
      const whole = createHash('sha256').update(buffer);
      for (;;) {
        this.#context.checkCanceled();
        const more = check(readFd(fd, buffer), 'read');
        if (more === 0) return whole.digest('binary');
        whole.update(buffer.subarray(0, more));
      }
    } finally {
      closeFd(fd);
    }
  }
}
