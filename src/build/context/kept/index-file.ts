import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, renameSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import {
  type Digest,
  inTurns,
  nameBytes,
  nameText,
  type Pieces,
  randomId,
} from '../../../core/index.ts';
import { type ContextTree, digestBytes } from './context-listing.ts';

/** What is known of a kept context without reading all of it. */
export interface KeptFacts {
  readonly description: string;
  readonly createdAtMs: number;
  readonly sizeBytes: number;
  readonly uses: number;
}

/*
 * The file: magic, length of the facts, the facts as JSON in a block of a fixed size, sha256 of the
 * rest; the rest is a header as JSON, padded to 8 bytes, and the columns as they lie in memory.
 */
const magic = Buffer.from(`berthctx1${endianness()}\n`);
const factsBytes = 4096;
const sumEnd = factsBytes + 32;

interface Header {
  readonly count: number;
  readonly sizeBytes: number;
  readonly namesBytes: number;
  readonly links: readonly (readonly [number, string])[];
  readonly devices: readonly (readonly [number, readonly [number, number]])[];
  readonly xattrs: readonly (readonly [number, Digest])[];
}

/** Writes the file whole, on the disk when this resolves; `path` has it only if `isWanted` still. */
export async function writeIndexFile(
  path: string,
  content: { facts: KeptFacts; tree: ContextTree },
  isWanted: () => boolean,
): Promise<void> {
  const temporary = `${path}.${randomId().slice(0, 16)}`;
  const parts = encodeTree(content.tree);
  const sum = await inTurns(summing(parts));
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writev([encodeFacts(content.facts), sum, ...parts]);
    await file.sync();
  } finally {
    await file.close();
  }
  // At once: a new update may begin, and take the index away, as soon as others have their turn.
  if (isWanted()) renameSync(temporary, path);
  else await rm(temporary, { force: true });
}

/** The tree, or undefined for a file that is not whole or of another kind of machine. */
export async function readIndexFile(path: string): Promise<ContextTree | undefined> {
  const bytes = await readFile(path);
  const rest = bytes.subarray(sumEnd);
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const sum = await inTurns(summing([rest]));
  return sum.equals(bytes.subarray(factsBytes, sumEnd)) ? decodeTree(rest) : undefined;
}

const summedAtOnce = 2 ** 20;

/** The sha256 of parts that may be a hundred megabytes. */
function* summing(parts: readonly Uint8Array[]): Pieces<Buffer> {
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let at = 0; at < part.length; at += summedAtOnce) {
      hash.update(part.subarray(at, at + summedAtOnce));
      yield;
    }
  }
  return hash.digest();
}

/** The facts, or undefined where there is no file, or no good one. */
export function readFacts(path: string): KeptFacts | undefined {
  const block = Buffer.alloc(factsBytes);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, block, 0, factsBytes, 0);
    } finally {
      closeSync(fd);
    }
    if (!block.subarray(0, magic.length).equals(magic)) return undefined;
    const length = block.readUInt32LE(magic.length);
    const start = magic.length + 4;
    return JSON.parse(block.toString('utf8', start, start + length)) as KeptFacts;
  } catch {
    return undefined;
  }
}

function encodeFacts(facts: KeptFacts): Buffer {
  const block = Buffer.alloc(factsBytes);
  magic.copy(block);
  const length = block.write(JSON.stringify(facts), magic.length + 4);
  block.writeUInt32LE(length, magic.length);
  return block;
}

function encodeTree(tree: ContextTree): Buffer[] {
  const names = namesOf(tree.paths);
  const header: Header = {
    count: tree.count,
    sizeBytes: tree.sizeBytes,
    namesBytes: names.length,
    links: [...tree.links],
    devices: [...tree.devices],
    xattrs: [...tree.xattrsDigests],
  };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  const { types, modes, uids, gids, sizes, mtimesNs, digests } = tree;
  const columns = [sizes, mtimesNs, uids, gids, modes, types, digests].map(
    ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength),
  );
  return [length, text, Buffer.alloc(padding(text.length)), ...columns, names];
}

function decodeTree(rest: Buffer): ContextTree {
  const headerLength = rest.readUInt32LE(0);
  const header = JSON.parse(rest.toString('utf8', 8, 8 + headerLength)) as Header;
  const { count } = header;
  // A copy, in memory of its own, so that every column is aligned.
  const start = 8 + headerLength + padding(headerLength);
  const memory = new Uint8Array(rest.subarray(start)).buffer;
  let at = 0;
  const take = (bytes: number): number => {
    at += bytes;
    return at - bytes;
  };
  const sizes = new Float64Array(memory, take(8 * count), count);
  const mtimesNs = new BigInt64Array(memory, take(8 * count), count);
  const uids = new Uint32Array(memory, take(4 * count), count);
  const gids = new Uint32Array(memory, take(4 * count), count);
  const modes = new Uint16Array(memory, take(2 * count), count);
  const types = new Uint8Array(memory, take(count), count);
  const digests = new Uint8Array(memory, take(digestBytes * count), digestBytes * count);
  const names = Buffer.from(memory, at, header.namesBytes);
  return {
    count,
    sizeBytes: header.sizeBytes,
    paths: pathsOf(names),
    types,
    modes,
    uids,
    gids,
    sizes,
    mtimesNs,
    digests,
    links: new Map(header.links),
    devices: new Map(header.devices),
    xattrs: new Map(),
    xattrsDigests: new Map(header.xattrs),
  };
}

/** NUL ends no path and so parts them. */
function namesOf(paths: readonly string[]): Buffer {
  const text = paths.join('\0');
  return text.isWellFormed() ? Buffer.from(text) : nameBytes(text);
}

function pathsOf(names: Buffer): string[] {
  return names.length === 0 ? [] : nameText(names, 0, names.length).split('\0');
}

const padding = (length: number) => (8 - (length % 8)) % 8;
