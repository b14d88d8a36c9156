import type { Attributes } from '../files/tree-writer.ts';
import { entryTypeNames, type FileEntry } from './file-tree.ts';

/** Files of a listing in columns, each directory before what is in it. */
export interface ListedFiles {
  /** Slash-separated, relative, clean. */
  readonly paths: readonly string[];
  /** Index in `entryTypeNames`. */
  readonly types: Uint8Array;
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

/** A listing as it crosses threads: many small strings would take long. */
export interface PackedListing extends Omit<ListedFiles, 'paths'> {
  /** Paths, a NUL between them. */
  readonly names: string;
}

export function packListing({ paths, ...rest }: ListedFiles): PackedListing {
  return { names: paths.join('\0'), ...rest };
}

/** A job in place gets a listing as it is. */
export function unpackListing(listing: PackedListing | ListedFiles): ListedFiles {
  if ('paths' in listing) return listing;
  const { names, ...rest } = listing;
  return { paths: rest.types.length === 0 ? [] : names.split('\0'), ...rest };
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

export function listedType({ types }: ListedFiles, number: number): FileEntry['type'] {
  return entryTypeNames[types[number]!]!;
}

export function listedAttributes(listed: ListedFiles, number: number): Attributes {
  return {
    mode: listed.modes[number]!,
    uid: listed.uids[number]!,
    gid: listed.gids[number]!,
    mtimeNs: listed.mtimesNs[number]!,
    xattrs: listed.xattrs.get(number) ?? noXattrs,
  };
}
