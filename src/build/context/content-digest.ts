import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Digest, type FileEntry, finishDigest } from '../../core/index.ts';

import type { Owner } from '../solve/users.ts';
import type { FileIndex } from './file-index.ts';
import type { NamedPath } from './selection.ts';

/** More entries than this are not listed for the explanation of a later miss. */
const mostListed = 200_000;
const entriesPerChunk = 2_000;

/** What a set of files is, times left out: their digest, and the text it is the digest of. */
export interface ContentDigest {
  readonly digest: Digest;
  /** One line per entry; undefined where there are too many. */
  readonly listing: string | undefined;
}

/**
 * Digests entries by name, type, mode, owner, link target, extended attributes and bytes; never
 * times. `owner` replaces every owner (a context has none of its own); `prefix` is the path of the
 * index's root. Gives the event loop a turn now and then.
 */
export async function contentDigest(
  index: FileIndex,
  files: Iterable<NamedPath>,
  { owner, prefix = '' }: { owner: Owner | undefined; prefix?: string },
): Promise<ContentDigest> {
  const hash = createHash('sha256');
  const listed: string[] = [];
  let chunk = '';
  let count = 0;
  for (const [path, name] of files) {
    chunk += entryLine(posix.join(prefix, name), index.entry(path)!, owner);
    if (++count % entriesPerChunk !== 0) continue;
    hash.update(chunk);
    if (count <= mostListed) listed.push(chunk);
    chunk = '';
    await nextTurn();
  }
  hash.update(chunk);
  listed.push(chunk);
  return {
    digest: finishDigest(hash),
    listing: count <= mostListed ? listed.join('') : undefined,
  };
}

/** Fields end in NUL, which no name holds, so that no two entries read alike. */
function entryLine(name: string, entry: FileEntry, owner: Owner | undefined): string {
  const { type, mode, linkTarget, digest = '', xattrsDigest = '' } = entry;
  const { uid, gid } = owner ?? entry;
  const bits = type === 'symlink' ? 0 : mode;
  return `${name}\0${type}\0${bits.toString(8)}\0${uid}:${gid}\0${linkTarget}\0${digest}\0${xattrsDigest}\0\n`;
}

/** Name → what stands there, of a listing; for telling two listings apart. */
export function parseListing(listing: string): Map<string, string> {
  const entries = new Map<string, string>();
  let at = 0;
  while (at < listing.length) {
    const nameEnd = listing.indexOf('\0', at);
    let end = nameEnd;
    for (let field = 0; field < 6; field++) end = listing.indexOf('\0', end + 1);
    entries.set(listing.slice(at, nameEnd), listing.slice(nameEnd + 1, end));
    at = end + 2;
  }
  return entries;
}
