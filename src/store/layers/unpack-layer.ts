import { createHash } from 'node:crypto';
import { openSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import { type Digest, finishDigest, invalid } from '../../core/index.ts';
import {
  type Compression,
  cleanMemberPath,
  createTarParser,
  memberRole,
  quoteMember,
  type TarEntry,
  type TarHandlers,
} from '../../image/index.ts';
import { closeFd, fileTypes, openDirectory } from '../../linux/index.ts';
import { diskError } from '../disk-error.ts';
import { type Attributes, directoryName, TreeWriter } from '../files/tree-writer.ts';
import type { JobContext } from '../threads/job.ts';
import { detectCompression } from './detect-compression.ts';
import { followFile } from './follow-file.ts';

export interface UnpackLayerInput {
  /** An empty directory of the layer's own. */
  readonly directory: string;
  /** File that holds the archive; without it the bytes come as the job's input. */
  readonly path?: string;
  /** Tells (FileGrowth) how far the file at `path` is written; absent when it is whole. */
  readonly growth?: MessagePort;
}

export interface UnpackLayerOutput {
  readonly diffId: Digest;
  /** Sum of the sizes of the files in it. */
  readonly sizeBytes: number;
  /** Directories the archive uses but does not name; '' is the root. */
  readonly implied: readonly string[];
  /** Whether it hides all that lies below it. */
  readonly isOpaque: boolean;
  /** What the archive's bytes were compressed with. */
  readonly compression: Compression;
}

/**
 * Job: unpacks one layer's archive as overlayfs wants a layer: deletions as 0/0 devices, opaque
 * directories by attribute. The archive is hostile: nothing of it lands outside the directory.
 */
export async function unpackLayer(
  { directory, path, growth }: UnpackLayerInput,
  context: JobContext,
): Promise<UnpackLayerOutput> {
  const source = path === undefined ? context.input : followFile(path, growth);
  const rootFd = openSync(directory, openDirectory);
  const writer = new TreeWriter(rootFd, { isFresh: true });
  writer.implied.add('');
  const layer = layerHandlers(writer);
  const parser = createTarParser(layer);
  const hash = createHash('sha256');
  try {
    const { compression, plain } = await detectCompression(source);
    for await (const piece of plain) {
      context.checkCanceled();
      hash.update(piece);
      parser.write(piece);
    }
    parser.end();
    writer.finish();
    return {
      diffId: finishDigest(hash),
      sizeBytes: layer.sizeBytes,
      implied: [...writer.implied],
      isOpaque: layer.isOpaque,
      compression,
    };
  } catch (error) {
    throw diskError('unpack layer', error);
  } finally {
    writer.close();
    closeFd(rootFd);
  }
}

interface LayerHandlers extends TarHandlers {
  readonly sizeBytes: number;
  readonly isOpaque: boolean;
}

function layerHandlers(writer: TreeWriter): LayerHandlers {
  let sizeBytes = 0;
  let isOpaque = false;
  function onEntry(entry: TarEntry): 'skip' | undefined {
    const path = cleanMemberPath(entry.path);
    const role = memberRole(path);
    if (role.kind === 'member') {
      addMember(writer, path, entry);
      sizeBytes += entry.sizeBytes;
      return undefined;
    }
    if (role.kind === 'whiteout') writer.addWhiteout(role.path);
    else if (role.kind === 'opaque') {
      if (role.path === '') isOpaque = true;
      writer.makeOpaque(role.path);
    }
    return 'skip';
  }
  return {
    onEntry,
    onData: (bytes) => writer.write(bytes),
    onHole: (holeBytes) => writer.hole(holeBytes),
    onEnd: (entry) => {
      if (entry.type === 'file') writer.endFile();
    },
    get sizeBytes() {
      return sizeBytes;
    },
    get isOpaque() {
      return isOpaque;
    },
  };
}

function addMember(writer: TreeWriter, path: string, entry: TarEntry): void {
  const attributes = attributesOf(entry);
  if (path === '' && entry.type !== 'directory') {
    throw invalid(`read layer: the root is a ${entry.type}`);
  }
  switch (entry.type) {
    case 'directory':
      writer.addDirectory(path, attributes);
      break;
    case 'file':
      writer.beginFile(path, attributes);
      break;
    case 'symlink':
      refuseEscape('symlink', path, directoryName(path), entry.linkTarget);
      writer.addSymlink(path, entry.linkTarget, attributes);
      break;
    case 'hardlink':
      refuseEscape('hardlink', path, '', entry.linkTarget);
      writer.addHardlink(path, cleanMemberPath(entry.linkTarget));
      break;
    case 'fifo':
      writer.addNode(path, fileTypes.fifo, attributes);
      break;
    default:
      addDevice(writer, path, entry);
  }
}

function addDevice(writer: TreeWriter, path: string, entry: TarEntry): void {
  const { characterDevice, blockDevice } = fileTypes;
  const type = entry.type === 'character-device' ? characterDevice : blockDevice;
  const device = { major: entry.deviceMajor, minor: entry.deviceMinor };
  // To overlayfs this device is a deletion, whoever made it.
  if (type === characterDevice && device.major === 0 && device.minor === 0) {
    writer.addWhiteout(path);
  } else writer.addNode(path, type, attributesOf(entry), device);
}

/** Docker's rule: joined to the folder it starts from, a link's target must not climb above the root. */
function refuseEscape(kind: string, path: string, from: string, target: string): void {
  let depth = from === '' ? 0 : from.split('/').length;
  for (const part of target.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) {
      throw invalid(`invalid ${kind} ${quoteMember(path)} -> ${quoteMember(target)}`);
    }
  }
}

export function attributesOf({ mode, uid, gid, mtimeS, xattrs }: TarEntry): Attributes {
  return { mode, uid, gid, mtimeNs: nanoseconds(mtimeS), xattrs };
}

/** Seconds beyond what a filesystem keeps are cut, as Docker does. */
function nanoseconds(seconds: number): bigint {
  const whole = Math.floor(seconds);
  const within = Math.min(Math.max(whole, -(2 ** 31)), 2 ** 34 - 1);
  return BigInt(within) * 1_000_000_000n + BigInt(Math.round((seconds - whole) * 1e9));
}
