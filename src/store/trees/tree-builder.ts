import { type Digest, type FileEntry, fileTypes, nameBytes } from '../../core/index.ts';
import type { PackedTree } from './packed-tree.ts';

export type NewFileEntry = Omit<FileEntry, 'digest'> & {
  /** The 32 bytes of a sha256 as latin-1 text, for files: an array of their own would cost more. */
  readonly digest?: string;
};

const digestBytes = 32;
const firstCapacity = 1024;
const gone = 255;

/**
 * Gathers entries in any order, in columns, as there may be millions; of two for one path the later
 * stays.
 */
export class TreeBuilder {
  readonly #paths: string[] = [];
  readonly #index = new Map<string, number>();
  readonly #links = new Map<number, string>();
  readonly #xattrs = new Map<number, Digest>();
  #capacity = 0;
  #types = new Uint8Array();
  #modes = new Uint16Array();
  #uids = new Uint32Array();
  #gids = new Uint32Array();
  #sizes = new Float64Array();
  #times = new Float64Array();
  #digests = Buffer.alloc(0);

  set(path: string, entry: NewFileEntry): void {
    this.delete(path, false);
    const at = this.#next(path);
    this.#types[at] = fileTypes.indexOf(entry.type);
    this.#modes[at] = entry.mode;
    this.#uids[at] = entry.uid;
    this.#gids[at] = entry.gid;
    this.#sizes[at] = entry.sizeBytes;
    this.#times[at] = entry.mtimeMs;
    if (entry.digest) this.#digests.write(entry.digest, at * digestBytes, 'latin1');
    if (entry.linkTarget !== '') this.#links.set(at, entry.linkTarget);
    if (entry.xattrsDigest) this.#xattrs.set(at, entry.xattrsDigest);
  }

  typeOf(path: string): FileEntry['type'] | undefined {
    const at = this.#index.get(path);
    return at === undefined ? undefined : fileTypes[this.#types[at]!];
  }

  /** Gives what is at `from`, and must be there, one more path. */
  repeat(from: string, path: string): void {
    const source = this.#index.get(from)!;
    if (this.#index.get(path) === source) return;
    this.delete(path, false);
    const at = this.#next(path);
    for (const column of this.#columns()) column[at] = column[source]!;
    this.#digests.copy(this.#digests, at * digestBytes, source * digestBytes, (source + 1) * 32);
    const [link, xattrs] = [this.#links.get(source), this.#xattrs.get(source)];
    if (link !== undefined) this.#links.set(at, link);
    if (xattrs !== undefined) this.#xattrs.set(at, xattrs);
  }

  /** Forgets a path; with what is below it, where that is a directory. */
  delete(path: string, isDirectory: boolean): void {
    this.#forget(path);
    if (!isDirectory) return;
    const prefix = `${path}/`;
    for (const other of this.#index.keys()) if (other.startsWith(prefix)) this.#forget(other);
  }

  #forget(path: string): void {
    const at = this.#index.get(path);
    if (at === undefined) return;
    this.#index.delete(path);
    this.#types[at] = gone;
  }

  #next(path: string): number {
    const at = this.#paths.push(path) - 1;
    this.#index.set(path, at);
    if (at === this.#capacity) this.#grow();
    return at;
  }

  #grow(): void {
    this.#capacity = Math.max(firstCapacity, this.#capacity * 2);
    const [types, modes, uids, gids, sizes, times] = this.#columns();
    this.#types = new Uint8Array(this.#capacity);
    this.#modes = new Uint16Array(this.#capacity);
    this.#uids = new Uint32Array(this.#capacity);
    this.#gids = new Uint32Array(this.#capacity);
    this.#sizes = new Float64Array(this.#capacity);
    this.#times = new Float64Array(this.#capacity);
    this.#types.set(types);
    this.#modes.set(modes);
    this.#uids.set(uids);
    this.#gids.set(gids);
    this.#sizes.set(sizes);
    this.#times.set(times);
    const digests = Buffer.alloc(this.#capacity * digestBytes);
    this.#digests.copy(digests);
    this.#digests = digests;
  }

  #columns() {
    return [this.#types, this.#modes, this.#uids, this.#gids, this.#sizes, this.#times] as const;
  }

  /** The entries sorted by path; the builder is not to be used afterwards. */
  pack(): PackedTree {
    const order = this.#order();
    const count = order.length;
    const names = packTexts(order, (at) => this.#paths[at]!);
    const links = packTexts(order, (at) => this.#links.get(at) ?? '');
    const digests = new Uint8Array(count * digestBytes);
    const xattrs = new Map<number, Digest>();
    for (let to = 0; to < count; to++) {
      const at = order[to]!;
      const start = at * digestBytes;
      digests.set(this.#digests.subarray(start, start + digestBytes), to * digestBytes);
      const own = this.#xattrs.get(at);
      if (own !== undefined) xattrs.set(to, own);
    }
    return {
      count,
      names: names.bytes,
      nameEnds: names.ends,
      links: links.bytes,
      linkEnds: links.ends,
      types: new Uint8Array(count).map((_, to) => this.#types[order[to]!]!),
      modes: new Uint16Array(count).map((_, to) => this.#modes[order[to]!]!),
      uids: new Uint32Array(count).map((_, to) => this.#uids[order[to]!]!),
      gids: new Uint32Array(count).map((_, to) => this.#gids[order[to]!]!),
      sizes: new Float64Array(count).map((_, to) => this.#sizes[order[to]!]!),
      times: new Float64Array(count).map((_, to) => this.#times[order[to]!]!),
      digests,
      xattrs,
    };
  }

  /** Entries that are there, by path in code-unit order; archives come nearly so. */
  #order(): Uint32Array {
    const paths = this.#paths;
    const order = new Uint32Array(this.#index.size);
    let count = 0;
    let isSorted = true;
    for (let at = 0; at < paths.length; at++) {
      if (this.#types[at] === gone) continue;
      if (count > 0 && paths[order[count - 1]!]! > paths[at]!) isSorted = false;
      order[count++] = at;
    }
    return isSorted ? order : order.sort((a, b) => (paths[a]! < paths[b]! ? -1 : 1));
  }
}

function packTexts(
  order: Uint32Array,
  textOf: (at: number) => string,
): { bytes: Uint8Array; ends: Float64Array } {
  const ends = new Float64Array(order.length);
  let sizeBytes = 0;
  for (const at of order) sizeBytes += byteLength(textOf(at));
  const bytes = Buffer.alloc(sizeBytes);
  let end = 0;
  for (let to = 0; to < order.length; to++) {
    const text = textOf(order[to]!);
    if (text.isWellFormed()) end += bytes.write(text, end);
    else end += nameBytes(text).copy(bytes, end);
    ends[to] = end;
  }
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), ends };
}

const byteLength = (text: string) =>
  text.isWellFormed() ? Buffer.byteLength(text) : nameBytes(text).length;
