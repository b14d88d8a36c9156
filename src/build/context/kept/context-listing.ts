import { type Digest, fileTypes, type ListedFiles } from '../../../core/index.ts';

/** What a client said is in its folder. */
export interface ContextListing extends ListedFiles {
  readonly count: number;
  /** Digests of those attributes that are content, by number of the entry. */
  readonly xattrsDigests: ReadonlyMap<number, Digest>;
  /** Sum of the sizes of its files. */
  readonly sizeBytes: number;
}

/** A listing all of whose contents are here: 32 bytes of sha256 for each entry, zeros for no file. */
export interface ContextTree extends ContextListing {
  readonly digests: Uint8Array;
}

export const digestBytes = 32;

/** A plain file, whose content has to come from the client; not a further name of one. */
export function isPlainFile({ types, links }: ListedFiles, number: number): boolean {
  return fileTypes[types[number]!] === 'file' && !links.has(number);
}

export function isDirectory({ types }: ListedFiles, number: number): boolean {
  return fileTypes[types[number]!] === 'directory';
}
