import { type Digest, type FileEntry, fileTypes, LazyEntries } from '../../../core/index.ts';

import { type ContextTree, digestBytes } from './context-listing.ts';
import { findInWalk } from './walk-order.ts';

/** A context tree as the map of entries by path, in code-unit order; entries are made when asked for. */
export class TreeEntries extends LazyEntries {
  readonly #tree: ContextTree;
  readonly #digests: Buffer;
  readonly #sorted: readonly string[];
  /** Whoever goes through all entries asks for one after the other. */
  #last = -1;

  constructor(tree: ContextTree) {
    super();
    this.#tree = tree;
    const { buffer, byteOffset, length } = tree.digests;
    this.#digests = Buffer.from(buffer, byteOffset, length);
    this.#sorted = isSorted(tree.paths) ? tree.paths : tree.paths.toSorted(byCodeUnit);
  }

  get size(): number {
    return this.#tree.count;
  }

  get(path: string): FileEntry | undefined {
    const number = this.#find(path);
    return number < 0 ? undefined : this.#entry(number);
  }

  has(path: string): boolean {
    return this.#find(path) >= 0;
  }

  *keys(): MapIterator<string> {
    yield* this.#sorted;
  }

  *values(): MapIterator<FileEntry> {
    for (const path of this.#sorted) yield this.get(path)!;
  }

  *entries(): MapIterator<[string, FileEntry]> {
    for (const path of this.#sorted) yield [path, this.get(path)!];
  }

  /** The entry's number, or -1. */
  #find(path: string): number {
    const { paths } = this.#tree;
    const number = paths[this.#last + 1] === path ? this.#last + 1 : findInWalk(paths, path);
    if (number >= 0) this.#last = number;
    return number;
  }

  #entry(number: number): FileEntry {
    const { types, modes, uids, gids, sizes, mtimesNs, links, xattrsDigests } = this.#tree;
    const type = fileTypes[types[number]!]!;
    const xattrsDigest = xattrsDigests.get(number);
    return {
      type,
      mode: modes[number]!,
      uid: uids[number]!,
      gid: gids[number]!,
      sizeBytes: sizes[number]!,
      mtimeMs: Number(mtimesNs[number]! / 1000n) / 1000,
      linkTarget: type === 'symlink' ? links.get(number)! : '',
      ...(type === 'file' && { digest: this.#digest(number) }),
      ...(xattrsDigest && { xattrsDigest }),
    };
  }

  #digest(number: number): Digest {
    const start = number * digestBytes;
    return `sha256:${this.#digests.toString('hex', start, start + digestBytes)}` as Digest;
  }
}

function isSorted(paths: readonly string[]): boolean {
  for (let at = 1; at < paths.length; at++) if (paths[at - 1]! > paths[at]!) return false;
  return true;
}

/** Walk order is nearly this. */
const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
