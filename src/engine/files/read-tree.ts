import { constants } from 'node:fs';
import type { ByteStream } from '../../core/index.ts';
import {
  type NewTarEntry,
  type TarEntryType,
  tarHeader,
  tarPadding,
  tarTrailer,
} from '../../image/index.ts';
import {
  type FileStat,
  fileType,
  fileTypes,
  getXattr,
  listDirectory,
  listXattrs,
  openDirectory,
  readFd,
  readlinkAt,
  systemError,
} from '../../linux/index.ts';
import { type OpenFile, openName, statOf } from './root-descriptor.ts';

const pieceBytes = 512 * 1024;

const types: Readonly<Record<number, TarEntryType | undefined>> = {
  [fileTypes.file]: 'file',
  [fileTypes.directory]: 'directory',
  [fileTypes.symlink]: 'symlink',
  [fileTypes.fifo]: 'fifo',
  [fileTypes.characterDevice]: 'character-device',
  [fileTypes.blockDevice]: 'block-device',
};

/**
 * The tar of what `name` is in an open directory, under the path `as`, with all below it; `''` is
 * the directory itself, its children then at the top. Owns nothing; files that grow are cut at the
 * size they had, those that shrink are padded, as tar does of a running system.
 */
export async function* readTree(directory: OpenFile, name: string, as: string): ByteStream {
  const linked = new Map<string, string>();
  yield* name === '' ? children(directory, as, linked) : member(directory, name, as, linked);
  yield tarTrailer;
}

type Pieces = Generator<Uint8Array>;

function* member(
  parent: OpenFile,
  name: string,
  path: string,
  linked: Map<string, string>,
): Pieces {
  const stat = statOf(parent, name);
  const type = stat && types[fileType(stat.mode)];
  if (stat === undefined || type === undefined) return; // gone meanwhile, or a socket
  const entry = entryOf(parent, { name, path, type, stat });
  if (type === 'directory') {
    yield tarHeader({ ...entry, path: `${path}/` });
    using directory = openName(parent, name, openDirectory);
    yield* children(directory, path, linked);
    return;
  }
  const inode = `${stat.deviceId}:${stat.inode}`;
  const first = stat.links > 1 ? linked.get(inode) : undefined;
  if (first !== undefined) {
    yield tarHeader({ ...entry, type: 'hardlink', linkTarget: first, sizeBytes: 0 });
    return;
  }
  if (stat.links > 1) linked.set(inode, path);
  yield tarHeader(entry);
  if (type === 'file') yield* content(parent, name, stat.sizeBytes);
}

function* children(directory: OpenFile, path: string, linked: Map<string, string>): Pieces {
  const names = listDirectory(directory.fd);
  for (const name of names) {
    yield* member(directory, name, path === '' ? name : `${path}/${name}`, linked);
  }
}

function entryOf(
  parent: OpenFile,
  { name, path, type, stat }: { name: string; path: string; type: TarEntryType; stat: FileStat },
): NewTarEntry {
  const place = `/proc/self/fd/${parent.fd}/${name}`;
  const target = type === 'symlink' ? readlinkAt(parent.fd, name) : '';
  if (typeof target === 'number') throw systemError(target, 'readlinkat', path);
  return {
    path,
    type,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    mtimeS: Number(stat.mtimeNs / 1_000_000_000n),
    sizeBytes: type === 'file' ? stat.sizeBytes : 0,
    linkTarget: target,
    deviceMajor: stat.deviceMajor,
    deviceMinor: stat.deviceMinor,
    xattrs: capability(place, type),
  };
}

/** What Docker carries over: file capabilities. */
function capability(place: string, type: TarEntryType): Map<string, Uint8Array> {
  if (type !== 'file' || !listXattrs(place).includes('security.capability')) return new Map();
  const value = getXattr(place, 'security.capability');
  return new Map(value ? [['security.capability', value]] : []);
}

function* content(parent: OpenFile, name: string, sizeBytes: number): Pieces {
  using file = openName(parent, name, constants.O_RDONLY | constants.O_NONBLOCK);
  let left = sizeBytes;
  while (left > 0) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, left));
    const read = readFd(file.fd, piece);
    if (read < 0) throw systemError(read, 'read', name);
    if (read === 0) break;
    yield piece.subarray(0, read);
    left -= read;
  }
  for (; left > 0; left -= pieceBytes) yield Buffer.alloc(Math.min(pieceBytes, left));
  yield tarPadding(sizeBytes);
}
