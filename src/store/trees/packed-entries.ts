import { type Digest, type FileEntry, fileTypes, LazyEntries, nameText } from '../../core/index.ts';
import type { PackedTree } from './packed-tree.ts';

/** A packed tree as the map it stands for; entries are made when they are asked for. */
export class PackedEntries extends LazyEntries {
  readonly #tree: PackedTree;
  readonly #names: Buffer;
  readonly #links: Buffer;
  readonly #digests: Buffer;
  /** Whoever goes through all entries by their keys asks for one after the other. */
  #last = -1;

  constructor(tree: PackedTree) {
    super();
    this.#tree = tree;
    this.#names = bufferOf(tree.names);
    this.#links = bufferOf(tree.links);
    this.#digests = bufferOf(tree.digests);
  }

  get size(): number {
    return this.#tree.count;
  }

  get(path: string): FileEntry | undefined {
    const at = this.#find(path);
    return at === undefined ? undefined : this.#entry(at);
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  *keys(): MapIterator<string> {
    for (let at = 0; at < this.#tree.count; at++) yield this.#path(at);
  }

  *values(): MapIterator<FileEntry> {
    for (let at = 0; at < this.#tree.count; at++) yield this.#entry(at);
  }

  *entries(): MapIterator<[string, FileEntry]> {
    for (let at = 0; at < this.#tree.count; at++) yield [this.#path(at), this.#entry(at)];
  }

  #find(path: string): number | undefined {
    const next = this.#last + 1;
    if (next < this.#tree.count && this.#path(next) === path) {
      this.#last = next;
      return next;
    }
    let low = 0;
    let high = this.#tree.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#path(middle) < path) low = middle + 1;
      else high = middle;
    }
    if (low === this.#tree.count || this.#path(low) !== path) return undefined;
    this.#last = low;
    return low;
  }

  #path(at: number): string {
    const ends = this.#tree.nameEnds;
    return nameText(this.#names, at === 0 ? 0 : ends[at - 1]!, ends[at]!);
  }

  #entry(at: number): FileEntry {
    const { types, modes, uids, gids, sizes, times, linkEnds, xattrs } = this.#tree;
    const type = fileTypes[types[at]!]!;
    const linkStart = at === 0 ? 0 : linkEnds[at - 1]!;
    const xattrsDigest = xattrs.get(at);
    return {
      type,
      mode: modes[at]!,
      uid: uids[at]!,
      gid: gids[at]!,
      sizeBytes: sizes[at]!,
      mtimeMs: times[at]!,
      linkTarget: nameText(this.#links, linkStart, linkEnds[at]!),
      ...(type === 'file' && { digest: this.#digest(at) }),
      ...(xattrsDigest && { xattrsDigest }),
    };
  }

  #digest(at: number): Digest {
    return `sha256:${this.#digests.toString('hex', at * 32, at * 32 + 32)}` as Digest;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
