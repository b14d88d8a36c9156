import type { Digest } from './digest.ts';

/** What a thing in a tree of files can be; columns of listings hold the index in this table. */
export const fileTypes = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'character-device',
  'block-device',
] as const;

export type FileType = (typeof fileTypes)[number];

/** One thing in a tree of files. */
export interface FileEntry {
  readonly type: FileType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly linkTarget: string;
  /** Digest of content for files. */
  readonly digest?: Digest;
  /** Digest of the sorted extended attributes; absent when there are none. */
  readonly xattrsDigest?: Digest;
}

/** Entries by slash-separated path relative to the tree's root, sorted by code unit. */
export interface FileTree {
  readonly rootPath: string;
  readonly entries: ReadonlyMap<string, FileEntry>;
}

/** Files of a listing in columns, each directory before what is in it; paths as in fsutil's order. */
export interface ListedFiles {
  /** Slash-separated, relative, clean. */
  readonly paths: readonly string[];
  /** Index in `fileTypes`. */
  readonly types: Uint8Array;
  /** Permission bits. */
  readonly modes: Uint16Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly sizes: Float64Array;
  readonly mtimesNs: BigInt64Array;
  /** By number of the entry: target of a symlink, or path of the file a further name is of. */
  readonly links: ReadonlyMap<number, string>;
  readonly devices: ReadonlyMap<number, readonly [major: number, minor: number]>;
  readonly xattrs: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
}

/** What an update of a folder does about one entry of a listing. */
export const updateActions = {
  /** It stands there already. */
  keep: 0,
  /** Directory, link, device, or a further name of a file: to be made. */
  make: 1,
  /** A directory that stands there gets what is listed of it. */
  dress: 2,
  /** The file `<number>` of the staging folder moves here. */
  move: 3,
  /** The file gets a second name here, from the same path below `base`. */
  link: 4,
} as const;

/** Entries of a tree by path, made when they are asked for. */
export abstract class LazyEntries implements ReadonlyMap<string, FileEntry> {
  abstract get size(): number;
  abstract get(path: string): FileEntry | undefined;
  abstract has(path: string): boolean;
  abstract keys(): MapIterator<string>;
  abstract values(): MapIterator<FileEntry>;
  abstract entries(): MapIterator<[string, FileEntry]>;

  [Symbol.iterator](): MapIterator<[string, FileEntry]> {
    return this.entries();
  }

  forEach(
    work: (entry: FileEntry, path: string, map: ReadonlyMap<string, FileEntry>) => void,
  ): void {
    for (const [path, entry] of this.entries()) work(entry, path, this);
  }
}
