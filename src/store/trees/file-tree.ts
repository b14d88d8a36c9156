import type { Digest } from '../../core/index.ts';

/** One thing in a tree of files. */
export interface FileEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device';
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

/** A tree as it crosses threads: columns in plain memory, some hundred bytes for each file. */
export interface PackedTree {
  readonly count: number;
  readonly names: Uint8Array;
  /** End of each name in `names`, and so on. */
  readonly nameEnds: Float64Array;
  readonly links: Uint8Array;
  readonly linkEnds: Float64Array;
  readonly types: Uint8Array;
  readonly modes: Uint16Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly sizes: Float64Array;
  readonly times: Float64Array;
  /** 32 bytes for each entry; of files only. */
  readonly digests: Uint8Array;
  /** By entry: few have any. */
  readonly xattrs: ReadonlyMap<number, Digest>;
}

export const entryTypeNames = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'character-device',
  'block-device',
] as const satisfies FileEntry['type'][];
