import { nameBytes } from '../../core/index.ts';
import { entryTypeNames, type FileEntry, type PackedTree } from './file-tree.ts';

export type NewFileEntry = Omit<FileEntry, 'digest'> & {
  /** 32 bytes of a sha256, for files. */
  readonly digest?: Uint8Array;
};

const digestBytes = 32;

/** Gathers entries in any order; of two for one path the later stays. */
export class TreeBuilder {
  #entries = new Map<string, NewFileEntry>();

  get size(): number {
    return this.#entries.size;
  }

  set(path: string, entry: NewFileEntry): void {
    this.#entries.set(path, entry);
  }

  get(path: string): NewFileEntry | undefined {
    return this.#entries.get(path);
  }

  /** Forgets a path; with what is below it, where that is a directory. */
  delete(path: string, isDirectory: boolean): void {
    this.#entries.delete(path);
    if (!isDirectory) return;
    const prefix = `${path}/`;
    for (const other of this.#entries.keys()) {
      if (other.startsWith(prefix)) this.#entries.delete(other);
    }
  }

  /** The entries sorted by path; the builder is empty afterwards. */
  pack(): PackedTree {
    const entries = this.#entries;
    this.#entries = new Map();
    const paths = [...entries.keys()].sort();
    const names = packTexts(paths);
    const links = packTexts(paths.map((path) => entries.get(path)!.linkTarget));
    const count = paths.length;
    const packed = {
      count,
      names: names.bytes,
      nameEnds: names.ends,
      links: links.bytes,
      linkEnds: links.ends,
      types: new Uint8Array(count),
      modes: new Uint16Array(count),
      uids: new Uint32Array(count),
      gids: new Uint32Array(count),
      sizes: new Float64Array(count),
      times: new Float64Array(count),
      digests: new Uint8Array(count * digestBytes),
      xattrs: new Map(),
    };
    for (let at = 0; at < count; at++) {
      const entry = entries.get(paths[at]!)!;
      packed.types[at] = entryTypeNames.indexOf(entry.type);
      packed.modes[at] = entry.mode;
      packed.uids[at] = entry.uid;
      packed.gids[at] = entry.gid;
      packed.sizes[at] = entry.sizeBytes;
      packed.times[at] = entry.mtimeMs;
      if (entry.digest) packed.digests.set(entry.digest, at * digestBytes);
      if (entry.xattrsDigest) packed.xattrs.set(at, entry.xattrsDigest);
    }
    return packed;
  }
}

function packTexts(texts: readonly string[]): { bytes: Uint8Array; ends: Float64Array } {
  let mostBytes = 0;
  for (const text of texts) mostBytes += text.length * 3;
  const bytes = Buffer.alloc(mostBytes);
  const ends = new Float64Array(texts.length);
  let end = 0;
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at]!;
    if (text.isWellFormed()) end += bytes.write(text, end);
    else end += nameBytes(text).copy(bytes, end);
    ends[at] = end;
  }
  return { bytes: new Uint8Array(bytes.subarray(0, end)), ends };
}
