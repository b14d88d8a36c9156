import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { type ByteStream, errorMessage, invalid, unavailable } from '../../core/index.ts';
import { decompressDetected, sniffCompression } from '../compression/compression.ts';
import { cleanMemberPath } from '../layer/member-path.ts';
import { quoteMember } from '../tar/member-text.ts';
import type { TarEntry } from '../tar/tar-entry.ts';
import { createTarParser, type StoredContent } from '../tar/tar-parser.ts';
import { type MemberFiles, noSuchMember, readRange } from './member-files.ts';
import { writeWhole } from './write-whole.ts';

/** Where each member of an archive lies, so that it is read in place and never unpacked. */
type TarIndex = Map<string, IndexedMember>;
type IndexedMember = { kind: 'content'; stored: StoredContent } | { kind: 'link'; target: string };

const mostMembers = 100_000;
const mostLinks = 8;
const pieceBytes = 64 * 1024;

/**
 * The members of an archive that is a file, which must stay as it is while they are read. One that
 * is compressed is first decompressed into `spoolDirectory`. Throws `invalid` for a malformed
 * archive or one with members outside of its root.
 */
export async function openTarFiles(
  path: string,
  { spoolDirectory, signal }: SpoolOptions,
): Promise<MemberFiles> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const start = Buffer.alloc(6);
    await handle.read(start, 0, start.length, 0);
    if (sniffCompression(start) === 'none') {
      return tarFiles(handle, await indexFile(handle, { sizeBytes: size, signal }));
    }
    const content = readRange(handle, { start: 0, end: size, ...(signal && { signal }) });
    const spooled = await spoolTarFiles(content, { spoolDirectory, ...(signal && { signal }) });
    await handle.close();
    return spooled;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export interface SpoolOptions {
  /** A directory with room for the whole archive. */
  readonly spoolDirectory: string;
  readonly signal?: AbortSignal;
}

/**
 * The members of an archive that comes as a stream, compressed or not. It is kept in a file that
 * has no name, so whatever happens nothing of it stays behind. Throws as `openTarFiles`.
 */
export async function spoolTarFiles(
  stream: ByteStream,
  { spoolDirectory, signal }: SpoolOptions,
): Promise<MemberFiles> {
  const path = join(spoolDirectory, `spool-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    const indexer = createIndexer();
    for await (const chunk of decompressDetected(stream)) {
      signal?.throwIfAborted();
      indexer.parser.write(chunk);
      await writeWhole(handle, chunk).catch((cause) => {
        throw unavailable(`keep archive in ${spoolDirectory}: ${errorMessage(cause)}`, { cause });
      });
    }
    indexer.parser.end();
    return tarFiles(handle, indexer.index);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function tarFiles(handle: FileHandle, index: TarIndex): MemberFiles {
  const find = (path: string) => resolve(index, path);
  return {
    sizeOf: async (path) => find(path)?.sizeBytes,
    async *open(path, { offset, signal }) {
      const stored = find(path);
      if (!stored) throw noSuchMember(path);
      if (stored.sparse) {
        throw invalid(`read archive: ${quoteMember(path)} is a sparse file`);
      }
      const start = stored.offset + offset;
      const end = stored.offset + stored.sizeBytes;
      yield* readRange(handle, { start, end, ...(signal && { signal }) });
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Follows links within the archive. Throws `invalid` when they lead nowhere near an end. */
function resolve(index: TarIndex, path: string): StoredContent | undefined {
  let at = path;
  for (let links = 0; links <= mostLinks; links++) {
    const member = index.get(at);
    if (member?.kind !== 'link') return member?.stored;
    at = member.target;
  }
  throw invalid(`read archive: over ${mostLinks} links from ${quoteMember(path)}`);
}

function createIndexer() {
  const index: TarIndex = new Map();
  const parser = createTarParser({
    onEntry(entry, stored) {
      const path = cleanMemberPath(entry.path);
      const member = memberOf(entry, path, stored);
      if (member) index.set(path, member); // Of two with one name the later counts, as unpacked.
      if (index.size > mostMembers) {
        throw invalid(`read archive: over ${mostMembers} members`);
      }
      return 'skip';
    },
  });
  return { index, parser };
}

function memberOf(entry: TarEntry, path: string, stored: StoredContent): IndexedMember | undefined {
  switch (entry.type) {
    case 'file':
      return { kind: 'content', stored };
    case 'hardlink':
      return { kind: 'link', target: cleanMemberPath(entry.linkTarget) };
    case 'symlink': {
      const target = entry.linkTarget.startsWith('/')
        ? entry.linkTarget
        : `${posix.dirname(path)}/${entry.linkTarget}`;
      return { kind: 'link', target: cleanMemberPath(target) };
    }
    default:
      return undefined;
  }
}

/** Reads headers only, leaping over the content between. */
async function indexFile(
  handle: FileHandle,
  { sizeBytes, signal }: { sizeBytes: number; signal: AbortSignal | undefined },
): Promise<TarIndex> {
  const { index, parser } = createIndexer();
  let at = 0;
  while (at < sizeBytes) {
    const leap = Math.min(parser.skippableBytes, sizeBytes - at);
    if (leap > pieceBytes) {
      parser.skip(leap);
      at += leap;
      continue;
    }
    signal?.throwIfAborted();
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, sizeBytes - at));
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) throw invalid(`read archive: it shrank to ${at} bytes while it was read`);
    parser.write(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  parser.end();
  return index;
}
