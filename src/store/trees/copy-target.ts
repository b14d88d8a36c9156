import { constants as os } from 'node:os';
import { invalid } from '../../core/index.ts';
import { quoteMember } from '../../image/index.ts';
import {
  check,
  closeFd,
  cwdFd,
  type FileStat,
  isDirectory,
  isSymlink,
  isWhiteout,
  mkdirAt,
  openAt,
  openBeneath,
  openDirectory,
  readlinkAt,
  setFdXattr,
  statAt,
  systemError,
  unlinkAt,
} from '../../linux/index.ts';
import { opaqueValue, opaqueXattr, readXattrsOf } from '../files/layer-xattrs.ts';
import { OpenDirectories } from '../files/open-directories.ts';
import type { Attributes } from '../files/tree-writer.ts';
import { dressFd } from '../layers/dress-implied.ts';
import { type Found, type LayerStack, layerStack } from '../layers/layer-stack.ts';
import { type Question, type Surroundings, SurroundingsNotes } from './surroundings.ts';

const mostLinks = 255;
const { EEXIST } = os.errno;

/** These say so in BuildKit's words. */
const cannotCopyOver = (path: string) =>
  invalid(`cannot copy to non-directory: /${quoteMember(path).slice(1, -1)}`);
const cannotGoBelow = (path: string) =>
  invalid(`mkdir /${quoteMember(path).slice(1, -1)}: not a directory`);

/**
 * The filesystem a copy goes into: one directory, with the layers that are seen through it where it
 * is the upper directory of a stack that is not mounted. Paths are relative and clean. Directories
 * that were there keep their attributes and times, whatever is put in them.
 */
export class CopyTarget {
  /** Of the filesystem it is on. */
  readonly deviceId: number;
  readonly #rootPath: string;
  readonly #rootFd: number;
  readonly #stack: LayerStack;
  readonly #notes: SurroundingsNotes;
  readonly #directories: OpenDirectories;
  /** Directories known to be in the root: made by this copy, or with something in them already. */
  readonly #present = new Map<string, 'new' | 'old'>();
  /** What directories must look like when the copy is over. */
  readonly #late = new Map<string, Attributes>();

  /** `lowerPaths` are the layers below, the topmost first. */
  constructor(rootPath: string, lowerPaths: readonly string[]) {
    this.#rootPath = rootPath;
    this.#rootFd = check(openAt(cwdFd, rootPath, openDirectory), 'openat', rootPath);
    this.#stack = layerStack([rootPath, ...lowerPaths]);
    this.#notes = new SurroundingsNotes(rootPath, lowerPaths);
    this.#directories = new OpenDirectories(this.#rootFd);
    this.deviceId = this.#stack.lookup('')!.stat.deviceId;
  }

  get rootFd(): number {
    return this.#rootFd;
  }

  /** Descriptor of a directory that `directory` or `subdirectory` gave; stays this object's. */
  fdOf(directory: string): number {
    return this.#directories.open(directory);
  }

  /**
   * Where the directory at an absolute path really is, links followed inside the root, missing ones
   * made: the last with `made`, those before it with `parents`. Without `made` it is a place for
   * other things, and looks like its parents.
   */
  directory(path: string, parents: Attributes, made?: Attributes): string {
    const pending = segments(path).reverse();
    let at = '';
    let links = 0;
    this.#keep('', this.#stack.lookup('')!);
    while (pending.length > 0) {
      const segment = pending.pop()!;
      if (segment === '..') {
        at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
        continue;
      }
      const next = at === '' ? segment : `${at}/${segment}`;
      const found = this.#present.has(next) ? undefined : this.#find(next);
      if (found && isSymlink(found.stat)) {
        if (++links > mostLinks) throw invalid(`copy to ${quoteMember(path)}: too many links`);
        const target = this.#targetOf(found, next);
        if (target.startsWith('/')) at = '';
        pending.push(...segments(target).reverse());
        continue;
      }
      if (!this.#present.has(next)) {
        const itself = pending.length === 0 ? made : undefined;
        const refusal = itself ? cannotCopyOver : cannotGoBelow;
        this.#settle(next, found, { made: itself ?? parents, refusal });
      }
      at = next;
    }
    return at;
  }

  /** Whether an absolute path leads to a directory, links followed inside the root. */
  leadsToDirectory(path: string): boolean {
    return this.#existing(path) !== undefined;
  }

  /** The directory an absolute path leads to, if there is one. */
  #existing(path: string): string | undefined {
    const pending = segments(path).reverse();
    let at = '';
    let links = 0;
    while (pending.length > 0) {
      const segment = pending.pop()!;
      if (segment === '..') {
        at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
        continue;
      }
      const next = at === '' ? segment : `${at}/${segment}`;
      if (!this.#present.has(next)) {
        const found = this.#find(next);
        if (found && isSymlink(found.stat) && ++links <= mostLinks) {
          const target = this.#targetOf(found, next);
          if (target.startsWith('/')) at = '';
          pending.push(...segments(target).reverse());
          continue;
        }
        if (!found || !isDirectory(found.stat)) return undefined;
      }
      at = next;
    }
    return at;
  }

  /** Where an absolute path leads once the links at its end are followed inside the root. */
  follow(path: string): string {
    let at = path;
    for (let links = 0; links < mostLinks; links++) {
      const directory = this.#existing(at.slice(0, at.lastIndexOf('/')));
      if (directory === undefined) return at;
      const name = at.slice(at.lastIndexOf('/') + 1);
      const place = directory === '' ? name : `${directory}/${name}`;
      const found = this.#present.has(place) ? undefined : this.#find(place);
      if (!found || !isSymlink(found.stat)) return at;
      const target = this.#targetOf(found, place).replace(/\/+$/, '');
      at = target.startsWith('/') ? target : `/${place.slice(0, -name.length)}${target}`;
    }
    throw invalid(`copy to ${quoteMember(path)}: too many links`);
  }

  /** The directory at a path below one that this object gave; its last part is no link to follow. */
  subdirectory(path: string, made: Attributes): void {
    if (this.#present.has(path)) return;
    this.#settle(path, this.#find(path), { made, refusal: cannotCopyOver });
  }

  /** Throws when a file at the path would take the place of a directory. */
  refuseDirectory(path: string): void {
    const found = this.#present.has(path) || this.#find(path, 'kind');
    if (found === true || (found && isDirectory(found.stat))) throw cannotReplace(path);
  }

  /** Takes away what this copy or an earlier one put at a path; never a directory. */
  clear(path: string): void {
    const slash = path.lastIndexOf('/');
    const fd = this.fdOf(path.slice(0, Math.max(slash, 0)));
    const result = unlinkAt(fd, path.slice(slash + 1));
    if (result === -os.errno.EISDIR) throw cannotReplace(path);
    check(result, 'unlinkat', path);
  }

  /** Gives all directories their attributes; to be called when everything is copied. */
  finish(): void {
    // The deepest first: they were met last.
    for (const [path, { xattrs, ...attributes }] of [...this.#late].reverse()) {
      const fd = check(openBeneath(this.#rootFd, path, openDirectory), 'openat2', path);
      try {
        dressFd(fd, attributes, xattrs);
      } finally {
        closeFd(fd);
      }
    }
  }

  /** What the copy found in the layers below; undefined when it looked at too much to tell. */
  surroundings(): Surroundings | undefined {
    return this.#notes.all();
  }

  close(): void {
    this.#directories.close();
    closeFd(this.#rootFd);
  }

  /** What is at a path, asking the layers only where they can have something. */
  #find(path: string, question: Question = 'look'): Found | undefined {
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(slash, 0));
    if (this.#present.get(parent) === 'new') return undefined;
    const found = this.#stack.lookup(path);
    this.#notes.add(path, question, found);
    return found;
  }

  #targetOf(found: Found, path: string): string {
    const target = readlinkAt(cwdFd, `${found.layerPath}/${path}`);
    if (typeof target === 'number') throw systemError(target, 'readlinkat', path);
    return target;
  }

  #settle(
    path: string,
    found: Found | undefined,
    { made, refusal }: { made: Attributes; refusal: (path: string) => Error },
  ): void {
    if (!found) {
      this.#make(path);
      this.#late.set(path, made);
      this.#present.set(path, 'new');
    } else if (isDirectory(found.stat)) this.#keep(path, found);
    else throw refusal(path);
  }

  /** Makes a directory of lower layers be in the root too, looking as it does there. */
  #keep(path: string, { layerPath, stat }: Found): void {
    if (this.#present.has(path)) return;
    const isHere = layerPath === this.#rootPath;
    if (!isHere) this.#make(path);
    const xattrs = isHere ? new Map() : readXattrsOf(`${layerPath}/${path}`);
    this.#late.set(path, { ...attributesOfStat(stat), xattrs });
    this.#present.set(path, 'old');
  }

  #make(path: string): void {
    let result = mkdirAt(this.#rootFd, path, 0o755);
    if (result === -EEXIST) {
      const stat = statAt(this.#rootFd, path);
      if (typeof stat === 'number' || !isWhiteout(stat)) throw cannotCopyOver(path);
      check(unlinkAt(this.#rootFd, path), 'unlinkat', path);
      result = mkdirAt(this.#rootFd, path, 0o755);
      // What the whiteout hid stays hidden.
      if (result === 0) setFdXattr(this.#directories.open(path), opaqueXattr, opaqueValue);
    }
    check(result, 'mkdirat', path);
  }
}

const cannotReplace = (path: string) =>
  invalid(`cannot replace to directory /${quoteMember(path).slice(1, -1)} with file`);

export function attributesOfStat({ mode, uid, gid, mtimeNs }: FileStat) {
  return { mode: mode & 0o7777, uid, gid, mtimeNs };
}

function segments(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}
