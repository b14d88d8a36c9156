import type { Digest } from '../../../core/index.ts';
import type { FileEntry } from '../../ports.ts';
import { listedTypes } from '../../synced-folders.ts';
import { type ContextTree, digestBytes } from './context-listing.ts';

/** A context tree as the map of entries by path, in code-unit order; entries are made when asked for. */
export class TreeEntries implements ReadonlyMap<string, FileEntry> {
  readonly #tree: ContextTree;
  readonly #digests: Buffer;
  readonly #sorted: readonly string[];
  readonly #numbers = new Map<string, number>();

  constructor(tree: ContextTree) {
    this.#tree = tree;
    const { buffer, byteOffset, length } = tree.digests;
    this.#digests = Buffer.from(buffer, byteOffset, length);
    for (let number = 0; number < tree.count; number++) {
      this.#numbers.set(tree.paths[number]!, number);
    }
    this.#sorted = tree.paths.toSorted(byCodeUnit);
  }

  get size(): number {
    return this.#tree.count;
  }

  get(path: string): FileEntry | undefined {
    const number = this.#numbers.get(path);
    return number === undefined ? undefined : this.#entry(number);
  }

  has(path: string): boolean {
    return this.#numbers.has(path);
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

  [Symbol.iterator](): MapIterator<[string, FileEntry]> {
    return this.entries();
  }

  forEach(
    work: (entry: FileEntry, path: string, map: ReadonlyMap<string, FileEntry>) => void,
  ): void {
    for (const [path, entry] of this.entries()) work(entry, path, this);
  }

  #entry(number: number): FileEntry {
    const { types, modes, uids, gids, sizes, mtimesNs, links, xattrsDigests } = this.#tree;
    const type = listedTypes[types[number]!]!;
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

/** Walk order is nearly this. */
const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
