import { constants as fs } from 'node:fs';
import { invalid } from '../../core/index.ts';
import {
  type NewTarEntry,
  opaquePath,
  quoteMember,
  type TarEntryType,
  tarHeader,
  tarPadding,
  tarTrailer,
  whiteoutPath,
} from '../../image/index.ts';
import {
  check,
  closeFd,
  type FileStat,
  fileType,
  fileTypes,
  getXattr,
  isWhiteout,
  listDirectory,
  openAt,
  openDirectory,
  readFd,
  readlinkAt,
  statAt,
  systemError,
} from '../../linux/index.ts';
import { opaqueXattr, readFdXattrs, readXattrs, type Xattrs } from '../files/layer-xattrs.ts';

export interface DiffOptions {
  /** Whether the root directory itself is an entry. */
  readonly withRoot: boolean;
  /** Caps modification times, in seconds. */
  readonly epochS?: number;
  /** Absolute paths at which an empty file is no part of the layer. */
  readonly leaveOut?: readonly string[];
}

/** Takes an archive's bytes; what it is given is valid only during the call. */
export interface DiffSink {
  header(entry: NewTarEntry): void;
  content(bytes: Uint8Array): void;
}

/**
 * Writes the canonical archive of a layer's directory (an overlayfs upper directory): entries sorted
 * by name, parents first, seconds only, owners by number; deletions and opaque directories as
 * `.wh.` files without time or owner; a further name of a file in it as a hard link; sockets left
 * out. The same tree always gives the same bytes. Gives the sum of file sizes, and the inodes of
 * files that have several names, in the tree or elsewhere.
 */
export function writeDiff(
  rootFd: number,
  sink: DiffSink,
  options: DiffOptions,
): { sizeBytes: number; linkedInodes: number[] } {
  const walk = new DiffWalk(sink, options);
  walk.root(rootFd);
  sink.content(tarTrailer);
  const { sizeBytes, linkedInodes } = walk;
  return { sizeBytes, linkedInodes };
}

const readFlags = fs.O_RDONLY | fs.O_NOFOLLOW | fs.O_NOATIME;
const openDirectoryItself = openDirectory | fs.O_NOFOLLOW;
const longestPathBytes = 4095;
const content = Buffer.allocUnsafeSlow(256 * 1024);

class DiffWalk {
  sizeBytes = 0;
  readonly linkedInodes: number[] = [];
  readonly #sink: DiffSink;
  readonly #options: DiffOptions;
  readonly #leftOut: ReadonlySet<string>;
  /** First path of each file with several names. */
  readonly #linked = new Map<string, string>();

  constructor(sink: DiffSink, options: DiffOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#leftOut = new Set(options.leaveOut);
  }

  root(rootFd: number): void {
    const stat = statAt(rootFd, '');
    if (typeof stat === 'number') throw systemError(stat, 'statx');
    if (this.#options.withRoot) this.#header(rootFd, '.', { path: './', type: 'directory' }, stat);
    this.#opaque(rootFd, '');
    this.#children(rootFd, '');
  }

  #children(directoryFd: number, prefix: string): void {
    for (const name of listDirectory(directoryFd)) {
      const stat = statAt(directoryFd, name);
      if (typeof stat === 'number') throw systemError(stat, 'statx', prefix + name);
      this.#entry(directoryFd, name, prefix + name, stat);
    }
  }

  #entry(directoryFd: number, name: string, path: string, stat: FileStat): void {
    if (path.length * 3 > longestPathBytes && Buffer.byteLength(path) > longestPathBytes) {
      throw invalid(`archive ${quoteMember(path)}: its path is over ${longestPathBytes} bytes`);
    }
    const type = entryTypes.get(fileType(stat.mode));
    if (type === 'file' && stat.sizeBytes === 0 && this.#leftOut.has(`/${path}`)) return;
    const firstPath = this.#firstPath(stat, path);
    if (isWhiteout(stat)) this.#bare(whiteoutPath(path));
    else if (type === 'directory') this.#directory(directoryFd, name, path, stat);
    else if (type !== undefined && firstPath !== undefined) {
      this.#header(directoryFd, name, { path, type: 'hardlink', linkTarget: firstPath }, stat);
    } else if (type === 'file') this.#file(directoryFd, name, path, stat);
    else if (type !== undefined) {
      const linkTarget = type === 'symlink' ? this.#target(directoryFd, name, path) : '';
      const { deviceMajor, deviceMinor } = stat;
      this.#header(directoryFd, name, { path, type, linkTarget, deviceMajor, deviceMinor }, stat);
    }
  }

  /** The path under which this file was written already, when it has several names. */
  #firstPath(stat: FileStat, path: string): string | undefined {
    if (stat.links === 1 || fileType(stat.mode) === fileTypes.directory) return undefined;
    const key = `${stat.deviceId}:${stat.inode}`;
    const first = this.#linked.get(key);
    if (first === undefined) {
      this.#linked.set(key, path);
      this.linkedInodes.push(Number(stat.inode));
    }
    return first;
  }

  #directory(directoryFd: number, name: string, path: string, stat: FileStat): void {
    this.#header(directoryFd, name, { path, type: 'directory' }, stat);
    const fd = check(openAt(directoryFd, name, openDirectoryItself), 'openat', path);
    try {
      this.#opaque(fd, path);
      this.#children(fd, `${path}/`);
    } finally {
      closeFd(fd);
    }
  }

  #opaque(fd: number, path: string): void {
    const value = getXattr(`/proc/self/fd/${fd}/.`, opaqueXattr);
    if (value?.[0] === 0x79) this.#bare(opaquePath(path));
  }

  /** Deletions carry nothing but their name: when and by whom is no part of what a layer says. */
  #bare(path: string): void {
    this.#sink.header({ path, type: 'file', mode: 0o600, uid: 0, gid: 0, mtimeS: 0, sizeBytes: 0 });
  }

  #target(directoryFd: number, name: string, path: string): string {
    const target = readlinkAt(directoryFd, name);
    if (typeof target === 'number') throw systemError(target, 'readlinkat', path);
    return target;
  }

  #header(
    directoryFd: number,
    name: string,
    entry: Pick<NewTarEntry, 'path' | 'type'> & Partial<NewTarEntry>,
    stat: FileStat,
  ): void {
    this.#write(entry, stat, readXattrs(directoryFd, name));
  }

  #write(
    entry: Pick<NewTarEntry, 'path' | 'type'> & Partial<NewTarEntry>,
    { mode, uid, gid, mtimeNs }: FileStat,
    xattrs: Xattrs,
  ): void {
    const seconds = Math.floor(Number(mtimeNs / 1_000_000n) / 1000);
    this.#sink.header({
      ...entry,
      mode: mode & 0o7777,
      uid,
      gid,
      mtimeS: Math.min(seconds, this.#options.epochS ?? Number.POSITIVE_INFINITY),
      xattrs,
    });
  }

  #file(directoryFd: number, name: string, path: string, stat: FileStat): void {
    const { sizeBytes } = stat;
    const fd = check(openAt(directoryFd, name, readFlags), 'openat', path);
    try {
      this.#write({ path, type: 'file', sizeBytes }, stat, readFdXattrs(fd));
      this.sizeBytes += sizeBytes;
      if (sizeBytes > 0) this.#content(fd, sizeBytes, path);
    } finally {
      closeFd(fd);
    }
    if (sizeBytes > 0) this.#sink.content(tarPadding(sizeBytes));
  }

  /** Exactly `sizeBytes`: zeros stand for what a file lost since it was looked at. */
  #content(fd: number, sizeBytes: number, path: string): void {
    for (let left = sizeBytes; left > 0; ) {
      const piece = left < content.length ? content.subarray(0, left) : content;
      const size = check(readFd(fd, piece), 'read', path);
      if (size === 0) piece.fill(0);
      const bytes = size === 0 || size === piece.length ? piece : piece.subarray(0, size);
      this.#sink.content(bytes);
      left -= bytes.length;
    }
  }
}

const entryTypes = new Map<number, TarEntryType>([
  [fileTypes.file, 'file'],
  [fileTypes.directory, 'directory'],
  [fileTypes.symlink, 'symlink'],
  [fileTypes.fifo, 'fifo'],
  [fileTypes.characterDevice, 'character-device'],
  [fileTypes.blockDevice, 'block-device'],
]);

/** Gathers header and content bytes into large blocks, so that small files cost few calls. */
export class Blocks {
  readonly #onBlock: (block: Buffer) => void;
  readonly #isKept: boolean;
  readonly #sizeBytes: number;
  #block: Buffer;
  #filled = 0;

  /** `isKept`: the receiver keeps the block, so that each needs memory of its own. */
  constructor(sizeBytes: number, isKept: boolean, onBlock: (block: Buffer) => void) {
    this.#onBlock = onBlock;
    this.#isKept = isKept;
    this.#sizeBytes = sizeBytes;
    this.#block = Buffer.allocUnsafeSlow(sizeBytes);
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const taken = Math.min(bytes.length - at, this.#sizeBytes - this.#filled);
      this.#block.set(
        taken === bytes.length ? bytes : bytes.subarray(at, at + taken),
        this.#filled,
      );
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#sizeBytes) this.flush();
    }
  }

  flush(): void {
    if (this.#filled === 0) return;
    this.#onBlock(this.#block.subarray(0, this.#filled));
    // A block that was handed to another thread has lost its memory.
    if (this.#isKept) this.#block = Buffer.allocUnsafeSlow(this.#sizeBytes);
    this.#filled = 0;
  }
}

/** A sink that writes tar headers and contents into blocks. */
export function tarSink(blocks: Blocks): DiffSink {
  return {
    header: (entry) => blocks.add(tarHeader(entry)),
    content: (bytes) => blocks.add(bytes),
  };
}
