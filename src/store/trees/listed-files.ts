import { type FileEntry, fileTypes, type ListedFiles } from '../../core/index.ts';
import type { Attributes } from '../files/tree-writer.ts';

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
  return fileTypes[types[number]!]!;
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
