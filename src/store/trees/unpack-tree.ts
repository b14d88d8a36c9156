import { createHash, type Hash, hash } from 'node:crypto';
import { openSync, statfsSync } from 'node:fs';
import { constants as os } from 'node:os';
import { invalid } from '../../core/index.ts';
import {
  cleanMemberPath,
  createTarParser,
  digestXattrs,
  quoteMember,
  type TarEntry,
  type TarHandlers,
} from '../../image/index.ts';
import { closeFd, fileTypes, openDirectory, systemError } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { TreeWriter } from '../files/tree-writer.ts';
import { detectCompression } from '../layers/detect-compression.ts';
import { attributesOf } from '../layers/unpack-layer.ts';
import type { JobContext } from '../threads/job.ts';
import type { PackedTree } from './packed-tree.ts';
import { type NewFileEntry, TreeBuilder } from './tree-builder.ts';

export interface UnpackTreeInput {
  /** Is there and is empty. */
  readonly directory: string;
  readonly limits?: { readonly entries: number; readonly bytes: number };
}

/** Job: unpacks the tar that comes as input, and tells what is in it, contents digested on the way. */
export async function unpackTree(
  { directory, limits }: UnpackTreeInput,
  context: JobContext,
): Promise<PackedTree> {
  const rootFd = openSync(directory, openDirectory);
  const writer = new TreeWriter(rootFd, { isFresh: true });
  const unpacking = new TreeUnpacking(writer, { limits, roomBytes: () => roomIn(directory) });
  const parser = createTarParser(unpacking);
  try {
    const { plain } = await detectCompression(context.input);
    for await (const piece of plain) {
      context.checkCanceled();
      parser.write(piece);
    }
    parser.end();
    for (const path of writer.implied) unpacking.tree.set(path, impliedDirectory);
    writer.finish();
    return unpacking.tree.pack();
  } catch (error) {
    throw diskError('unpack context', error);
  } finally {
    writer.close();
    closeFd(rootFd);
  }
}

function roomIn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

const impliedDirectory: NewFileEntry = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeMs: 0,
  linkTarget: '',
};

class TreeUnpacking implements TarHandlers {
  readonly tree = new TreeBuilder();
  readonly #writer: TreeWriter;
  #entriesLeft: number;
  #bytesLeft: number;
  readonly #roomBytes: () => number;
  /** What there is room for as far as it is known; asked again when it is used up. */
  #roomLeft = 0;
  #path = '';
  #sizeBytes = 0;
  /** Of a file whose content comes in several pieces. */
  #hash: Hash | undefined;
  #digest: string | undefined;

  constructor(
    writer: TreeWriter,
    { limits, roomBytes }: { limits: UnpackTreeInput['limits']; roomBytes: () => number },
  ) {
    this.#writer = writer;
    this.#roomBytes = roomBytes;
    this.#entriesLeft = limits?.entries ?? Number.POSITIVE_INFINITY;
    this.#bytesLeft = limits?.bytes ?? Number.POSITIVE_INFINITY;
  }

  onEntry(entry: TarEntry): undefined {
    const path = cleanMemberPath(entry.path);
    this.#countDown(entry);
    this.#path = path;
    this.#sizeBytes = entry.sizeBytes;
    this.#hash = undefined;
    this.#digest = undefined;
    // A directory that is named again keeps what is in it; all else gives way with all below.
    if (entry.type !== 'directory') {
      const isImplied = this.#writer.implied.has(path);
      this.tree.delete(path, isImplied || this.tree.typeOf(path) === 'directory');
    }
    if (path === '' && entry.type !== 'directory') {
      throw invalid(`unpack context: its root is a ${entry.type}`);
    }
    this.#add(path, entry);
    return undefined;
  }

  #countDown(entry: TarEntry): void {
    this.#bytesLeft -= entry.sizeBytes;
    if (--this.#entriesLeft < 0) throw invalid('unpack context: it has too many files');
    if (this.#bytesLeft < 0) throw invalid('unpack context: it is too large');
    this.#roomLeft -= entry.sizeBytes;
    if (this.#roomLeft >= 0) return;
    // Said at once, before a bomb has filled the disk.
    this.#roomLeft = this.#roomBytes() - entry.sizeBytes;
    if (this.#roomLeft < 0) throw systemError(-os.errno.ENOSPC, 'unpack', entry.path);
  }

  #add(path: string, entry: TarEntry): void {
    const attributes = attributesOf(entry);
    const { characterDevice, blockDevice, fifo } = fileTypes;
    switch (entry.type) {
      case 'file':
        this.#writer.beginFile(path, attributes);
        return;
      case 'hardlink':
        this.#addHardlink(path, entry.linkTarget);
        return;
      case 'directory':
        this.#writer.addDirectory(path, attributes);
        break;
      case 'symlink':
        this.#writer.addSymlink(path, entry.linkTarget, attributes);
        break;
      case 'fifo':
        this.#writer.addNode(path, fifo, attributes);
        break;
      default: {
        const type = entry.type === 'character-device' ? characterDevice : blockDevice;
        const device = { major: entry.deviceMajor, minor: entry.deviceMinor };
        this.#writer.addNode(path, type, attributes, device);
      }
    }
    this.tree.set(path, treeEntry(entry));
  }

  /** A further name of a file is a file of its own to who copies it. */
  #addHardlink(path: string, linkTarget: string): void {
    const target = cleanMemberPath(linkTarget);
    if (this.tree.typeOf(target) === undefined) {
      const names = `${quoteMember(path)} to ${quoteMember(linkTarget)}`;
      throw invalid(`link ${names}: there is no such file in the archive`);
    }
    this.#writer.addHardlink(path, target);
    this.tree.repeat(target, path);
  }

  onData(bytes: Buffer): void {
    this.#writer.write(bytes);
    // Most files come in one piece, which one call digests.
    if (bytes.length === this.#sizeBytes) this.#digest = hash('sha256', bytes, 'binary');
    else {
      this.#hash ??= createHash('sha256');
      this.#hash.update(bytes);
    }
  }

  onEnd(entry: TarEntry): void {
    if (entry.type !== 'file') return;
    this.#writer.endFile();
    const digest = this.#digest ?? this.#hash?.digest('binary') ?? emptyDigest;
    this.tree.set(this.#path, treeEntry(entry, digest));
  }
}

const emptyDigest = hash('sha256', '', 'binary');

function treeEntry(
  { type, mode, uid, gid, sizeBytes, mtimeS, linkTarget, xattrs }: TarEntry,
  digest?: string,
): NewFileEntry {
  if (type === 'hardlink') throw new TypeError('a hard link has no entry of its own');
  const xattrsDigest = digestXattrs(xattrs);
  const mtimeMs = mtimeS * 1000;
  return { type, mode, uid, gid, sizeBytes, mtimeMs, linkTarget, digest, xattrsDigest };
}
