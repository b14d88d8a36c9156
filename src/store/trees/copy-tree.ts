import { constants as fs, openSync } from 'node:fs';
import { constants as os } from 'node:os';
import { notFound } from '../../core/index.ts';
import { quoteMember } from '../../image/index.ts';
import {
  check,
  chmodAt,
  chownAt,
  closeFd,
  copyContent,
  type FileStat,
  fchmod,
  fchown,
  fileType,
  fileTypes,
  futimes,
  isDirectory,
  linkAt,
  listDirectory,
  mknodAt,
  openAt,
  openDirectory,
  openInRoot,
  readlinkAt,
  statAt,
  symlinkAt,
  systemError,
  unlinkAt,
  utimesAt,
} from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import {
  readFdXattrs,
  readXattrs,
  readXattrsOf,
  writeFdXattrs,
  writeXattrsAt,
} from '../files/layer-xattrs.ts';
import { type Attributes, baseName, directoryName } from '../files/tree-writer.ts';
import type { JobContext } from '../threads/job.ts';
import { attributesOfStat, CopyTarget } from './copy-target.ts';
import type { Surroundings } from './surroundings.ts';

export interface CopyTreeInput {
  readonly sourceRoot: string;
  readonly items: readonly CopyTreeItem[];
  readonly skip?: ReadonlySet<string>;
  readonly targetRoot: string;
  /** Layers seen through the target, the topmost first, where it is an unmounted upper directory. */
  readonly targetLayers: readonly string[];
  readonly owner?: { uid: number; gid: number };
  readonly mode?: number | Uint16Array;
  readonly epochS?: number;
  readonly mayLink: boolean;
  /**
   * Inodes with a name in the layers below. Then files may be linked that have other names, but for
   * these; else only those that have one name.
   */
  readonly taken?: readonly number[];
}

export interface CopyTreeItem {
  readonly sourcePath: string;
  readonly targetPath: string;
  /** Of a directory: itself alone. */
  readonly shallow?: boolean;
  /** Of a directory: what is in it and not itself. */
  readonly contents?: boolean;
  /** Of a file: its name below targetPath, should that be a directory already. */
  readonly under?: string;
}

const { EEXIST, ENOENT, ENOTDIR, ELOOP, EXDEV, EPERM, EMLINK } = os.errno;
const absent = new Set([-ENOENT, -ENOTDIR, -ELOOP]);
const cannotLink = new Set([-EXDEV, -EPERM, -EMLINK]);
const readFlags = fs.O_RDONLY | fs.O_NOFOLLOW;
const createNew = fs.O_WRONLY | fs.O_CREAT | fs.O_EXCL | fs.O_NOFOLLOW;
const directoryBit = 0o10000;

/**
 * Job: copies as COPY does (CopyRequest of the builder's ports). Tells what it found in the layers
 * below, unless that is too much.
 */
export function copyTree(input: CopyTreeInput, context: JobContext): Surroundings | undefined {
  let copy: TreeCopy | undefined;
  try {
    copy = new TreeCopy(input, context);
    for (const item of input.items) copy.item(item);
    copy.target.finish();
    return copy.target.surroundings();
  } catch (error) {
    throw diskError('copy files', error);
  } finally {
    copy?.close();
  }
}

class TreeCopy {
  readonly target: CopyTarget;
  readonly #input: CopyTreeInput;
  readonly #context: JobContext;
  readonly #sourceFd: number;
  readonly #parents: Attributes;
  /** Where the files with several names went, of the item that is copied. */
  readonly #linked = new Map<string, string>();
  #mayLink: boolean;
  readonly #taken: Set<number> | undefined;

  constructor(input: CopyTreeInput, context: JobContext) {
    this.#input = input;
    this.#context = context;
    this.#mayLink = input.mayLink;
    this.#taken = input.taken && new Set(input.taken);
    this.#sourceFd = openSync(input.sourceRoot, openDirectory);
    this.target = new CopyTarget(input.targetRoot, input.targetLayers);
    const nowMs = (input.epochS ?? Date.now() / 1000) * 1000;
    const { uid, gid } = input.owner ?? { uid: 0, gid: 0 };
    const mtimeNs = BigInt(Math.floor(nowMs)) * 1_000_000n;
    this.#parents = { mode: 0o755, uid, gid, mtimeNs, xattrs: new Map() };
  }

  close(): void {
    this.target.close();
    closeFd(this.#sourceFd);
  }

  item({ sourcePath, targetPath, shallow, contents, under }: CopyTreeItem): void {
    const name = sourcePath === '' ? '.' : baseName(sourcePath);
    // Names of one file are told apart where they are copied one by one, as BuildKit has it.
    this.#linked.clear();
    const parentFd = openInRoot(this.#sourceFd, directoryName(sourcePath), openDirectory);
    if (absent.has(parentFd)) throw notThere(sourcePath);
    check(parentFd, 'openat2', sourcePath);
    try {
      const stat = statAt(parentFd, name);
      if (typeof stat === 'number') {
        throw absent.has(stat) ? notThere(sourcePath) : systemError(stat, 'statx', sourcePath);
      }
      const source = { fd: parentFd, name, path: sourcePath, stat };
      if (isDirectory(stat)) {
        if (contents && shallow) {
          // Nothing but the place is wanted: one that is there stays out of the layer.
          if (!this.target.leadsToDirectory(targetPath)) {
            this.target.directory(targetPath, this.#parents);
          }
          return;
        }
        const made = contents ? this.#parents : this.#attributes(source);
        const directory = this.target.directory(targetPath, this.#parents, made);
        if (!shallow) this.#contents(source, directory);
      } else {
        const goesUnder = under !== undefined && this.target.leadsToDirectory(targetPath);
        const clean = (goesUnder ? `${targetPath}/${under}` : targetPath).replace(/\/+$/, '');
        const followed = under !== undefined && !goesUnder ? this.target.follow(clean) : clean;
        const directory = this.target.directory(directoryName(followed), this.#parents);
        this.#file(source, join(directory, baseName(followed)));
      }
    } finally {
      closeFd(parentFd);
    }
  }

  #contents(source: Source, directory: string): void {
    const flags = openDirectory | fs.O_NOFOLLOW;
    const fd = check(openAt(source.fd, source.name, flags), 'openat', source.path);
    try {
      for (const name of listDirectory(fd)) {
        const path = join(source.path, name);
        if (this.#input.skip?.has(path)) continue;
        const stat = statAt(fd, name);
        if (typeof stat === 'number') throw systemError(stat, 'statx', path);
        const child = { fd, name, path, stat };
        const to = join(directory, name);
        if (isDirectory(stat)) {
          this.target.subdirectory(to, this.#attributes(child));
          this.#contents(child, to);
        } else this.#file(child, to);
      }
    } finally {
      closeFd(fd);
    }
  }

  /** How a source looks as a copy, extended attributes left out. */
  #looks({ stat }: Source): Omit<Attributes, 'xattrs'> {
    const { mode, epochS } = this.#input;
    const own = attributesOfStat(stat);
    const asked =
      typeof mode === 'object' ? mode[own.mode | (isDirectory(stat) ? directoryBit : 0)] : mode;
    return {
      ...own,
      ...this.#input.owner,
      mode: asked ?? own.mode,
      mtimeNs: epochS === undefined ? own.mtimeNs : BigInt(epochS) * 1_000_000_000n,
    };
  }

  #attributes(source: Source): Attributes {
    const { fd, name } = source;
    const xattrs = name === '.' ? readXattrsOf(`/proc/self/fd/${fd}/.`) : readXattrs(fd, name);
    return { ...this.#looks(source), xattrs };
  }

  /** Copies what is no directory. */
  #file(source: Source, to: string): void {
    this.#context.checkCanceled();
    const { stat } = source;
    this.target.refuseDirectory(to);
    const key = stat.links > 1 ? `${stat.deviceId}:${stat.inode}` : undefined;
    const twin = key === undefined ? undefined : this.#linked.get(key);
    if (twin !== undefined) {
      this.#create(to, (fd, name) => linkAt(this.target.rootFd, twin, fd, name));
      return;
    }
    if (key !== undefined) this.#linked.set(key, to);
    if (fileType(stat.mode) !== fileTypes.file) this.#special(source, to, this.#attributes(source));
    else if (!this.#linkedOver(source, to)) this.#regular(source, to);
  }

  /**
   * Gives the file itself another name, when the copy would be equal. Never a second one in an image:
   * they would be one file to those who look at inode numbers.
   */
  #linkedOver(source: Source, to: string): boolean {
    const { stat } = source;
    if (!this.#mayLink || (stat.links > 1 && this.#isTaken(stat))) return false;
    const attributes = this.#looks(source);
    const isSame =
      (stat.mode & 0o7777) === attributes.mode &&
      stat.uid === attributes.uid &&
      stat.gid === attributes.gid &&
      stat.mtimeNs === attributes.mtimeNs;
    if (!isSame) return false;
    const result = this.#try(to, (fd, name) => linkAt(source.fd, source.name, fd, name));
    if (cannotLink.has(result)) {
      this.#mayLink = false;
      return false;
    }
    check(result, 'linkat', to);
    if (this.#taken) {
      this.#taken.add(Number(stat.inode));
      return true;
    }
    const linked = statAt(source.fd, source.name);
    if (typeof linked === 'object' && linked.links === 2) return true;
    // Somebody else took it for another image at the same moment.
    check(unlinkAt(this.target.fdOf(directoryName(to)), baseName(to)), 'unlinkat', to);
    return false;
  }

  #isTaken({ inode }: FileStat): boolean {
    return this.#taken === undefined || this.#taken.has(Number(inode));
  }

  #regular(source: Source, to: string): void {
    const { mode, uid, gid, mtimeNs } = this.#looks(source);
    const { sizeBytes, deviceId } = source.stat;
    const fromFd = check(openAt(source.fd, source.name, readFlags), 'openat', source.path);
    try {
      const fd = this.#create(to, (directoryFd, name) =>
        openAt(directoryFd, name, createNew, 0o600),
      );
      try {
        if (sizeBytes > 0) this.#content({ fd: fromFd, sizeBytes }, fd, deviceId);
        check(fchown(fd, uid, gid), 'fchown', to);
        check(fchmod(fd, mode), 'fchmod', to);
        writeFdXattrs(fd, readFdXattrs(fromFd));
        check(futimes(fd, mtimeNs), 'futimens', to);
      } finally {
        closeFd(fd);
      }
    } finally {
      closeFd(fromFd);
    }
  }

  #content(from: { fd: number; sizeBytes: number }, toFd: number, deviceId: number): void {
    const pair = `${deviceId}>${this.target.deviceId}`;
    copyContent(from, toFd, { pair, checkGoOn: () => this.#context.checkCanceled() });
  }

  #special(source: Source, to: string, { mode, uid, gid, mtimeNs, xattrs }: Attributes): void {
    const { stat } = source;
    const type = fileType(stat.mode);
    if (type === fileTypes.socket) return;
    if (type === fileTypes.symlink) {
      const target = readlinkAt(source.fd, source.name);
      if (typeof target === 'number') throw systemError(target, 'readlinkat', source.path);
      this.#create(to, (fd, name) => symlinkAt(target, fd, name));
    } else {
      const { deviceMajor, deviceMinor } = stat;
      this.#create(to, (fd, name) => mknodAt(fd, name, type | 0o600, deviceMajor, deviceMinor));
    }
    const fd = this.target.fdOf(directoryName(to));
    const name = baseName(to);
    check(chownAt(fd, name, uid, gid), 'fchownat', to);
    if (type !== fileTypes.symlink) check(chmodAt(fd, name, mode), 'fchmodat', to);
    writeXattrsAt(fd, name, xattrs);
    check(utimesAt(fd, name, mtimeNs), 'utimensat', to);
  }

  #create(path: string, make: (directoryFd: number, name: string) => number): number {
    return check(this.#try(path, make), 'create', path);
  }

  /** Runs what fails with EEXIST while something is at the path, which gives way then. */
  #try(path: string, make: (directoryFd: number, name: string) => number): number {
    const name = baseName(path);
    const result = make(this.target.fdOf(directoryName(path)), name);
    if (result !== -EEXIST) return result;
    this.target.clear(path);
    return make(this.target.fdOf(directoryName(path)), name);
  }
}

/** A file to copy, by the directory it is in. */
interface Source {
  readonly fd: number;
  readonly name: string;
  readonly path: string;
  readonly stat: FileStat;
}

const join = (directory: string, name: string) =>
  directory === '' ? name : `${directory}/${name}`;

const notThere = (path: string) => notFound(`copy ${quoteMember(path)}: no such file or directory`);
