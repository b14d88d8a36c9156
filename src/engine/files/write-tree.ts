import { constants } from 'node:fs';
import { constants as os } from 'node:os';
import { posix } from 'node:path';
import { type ByteStream, conflict, invalid } from '../../core/index.ts';
import { cleanMemberPath, quoteMember, readTar, type TarEntry } from '../../image/index.ts';
import {
  check,
  chmodAt,
  chownAt,
  fchmod,
  fchown,
  fileTypes,
  futimes,
  isDirectory,
  linkAt,
  mkdirAt,
  mknodAt,
  openDirectory,
  rmdirAt,
  setFdXattr,
  symlinkAt,
  unlinkAt,
  utimesAt,
  writeFully,
} from '../../linux/index.ts';
import { removeTree } from './remove-tree.ts';
import { type OpenFile, openInside, openName, openParent, statOf } from './root-descriptor.ts';

export interface WriteOptions {
  /** Refuse to put a directory where something else is, and the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Owner of all that is written, instead of the archive's. */
  readonly owner?: { uid: number; gid: number };
}

/**
 * Unpacks a hostile tar into a directory of a root. Every name is resolved inside the root: links
 * that are there, or that the archive brings, lead nowhere else. Throws `invalid` on names that
 * climb out, `conflict` where the options refuse to overwrite.
 */
export async function writeTree(
  root: OpenFile,
  directory: string,
  archive: ByteStream,
  options: WriteOptions,
): Promise<void> {
  const times: { path: string; mtimeNs: bigint }[] = [];
  for await (const { entry, content } of readTar(archive)) {
    const path = posix.join('/', directory, cleanMemberPath(entry.path));
    if (entry.type === 'directory') {
      makeDirectory(root, path, entry, options);
      times.push({ path, mtimeNs: nanoseconds(entry) });
      continue;
    }
    using place = placeFor(root, path);
    clearPlace(place, entry, options);
    if (entry.type === 'file') await writeFile(place, entry, { content: content(), ...options });
    else makeNode(root, place, { directory, entry, options });
  }
  for (const { path, mtimeNs } of times.reverse()) {
    using made = openInside(root, path, openDirectory);
    if (made) futimes(made.fd, mtimeNs);
  }
}

interface Place extends Disposable {
  readonly parent: OpenFile;
  readonly name: string;
  readonly path: string;
}

/** The parent's descriptor and the last name; parents that are missing are made. */
function placeFor(root: OpenFile, path: string): Place {
  let found = openParent(root, path);
  if (found === undefined) {
    makeParents(root, posix.dirname(path));
    found = openParent(root, path);
  }
  if (found === undefined)
    throw invalid(`extract ${quoteMember(path)}: its folder is not a directory`);
  const { parent, name } = found;
  return { parent, name, path, [Symbol.dispose]: () => parent[Symbol.dispose]() };
}

function makeParents(root: OpenFile, path: string): void {
  const parts = path.split('/').filter(Boolean);
  for (let depth = 1; depth <= parts.length; depth++) {
    const found = openParent(root, parts.slice(0, depth).join('/'));
    if (found === undefined) return;
    using parent = found.parent;
    const made = mkdirAt(parent.fd, found.name, 0o755);
    if (made !== -os.errno.EEXIST) check(made, 'mkdir', path);
  }
}

function makeDirectory(
  root: OpenFile,
  path: string,
  entry: TarEntry,
  { owner, noOverwriteDirNonDir }: WriteOptions,
): void {
  using existing = openInside(root, path);
  const stat = existing && statOf(existing);
  if (path !== '/' && !(stat && isDirectory(stat))) {
    using place = placeFor(root, path);
    const there = statOf(place.parent, place.name);
    if (there && noOverwriteDirNonDir) {
      throw conflict(`cannot overwrite non-directory ${quoteMember(path)} with directory`);
    }
    if (there) check(unlinkAt(place.parent.fd, place.name), 'unlink', path);
    check(mkdirAt(place.parent.fd, place.name, 0o700), 'mkdir', path);
  }
  using made = openInside(root, path, openDirectory);
  if (made === undefined) throw invalid(`extract ${quoteMember(path)}: it is not a directory`);
  const { uid, gid } = owner ?? entry;
  check(fchown(made.fd, uid, gid), 'chown', path);
  check(fchmod(made.fd, entry.mode), 'chmod', path);
}

/** Takes away what the new member replaces. */
function clearPlace(
  { parent, name, path }: Place,
  _entry: TarEntry,
  { noOverwriteDirNonDir }: WriteOptions,
): void {
  const there = statOf(parent, name);
  if (there === undefined) return;
  if (!isDirectory(there)) {
    check(unlinkAt(parent.fd, name), 'unlink', path);
    return;
  }
  if (noOverwriteDirNonDir)
    throw conflict(`cannot overwrite directory ${quoteMember(path)} with non-directory`);
  removeTree(parent, name);
  check(rmdirAt(parent.fd, name), 'rmdir', path);
}

async function writeFile(
  { parent, name, path }: Place,
  entry: TarEntry,
  { content, owner }: WriteOptions & { content: ByteStream },
): Promise<void> {
  using file = openName(parent, name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  for await (const bytes of content) check(writeFully(file.fd, bytes), 'write', path);
  const { uid, gid } = owner ?? entry;
  check(fchown(file.fd, uid, gid), 'chown', path);
  check(fchmod(file.fd, entry.mode), 'chmod', path);
  const capability = entry.xattrs.get('security.capability');
  if (capability) check(setFdXattr(file.fd, 'security.capability', capability), 'setxattr', path);
  check(futimes(file.fd, nanoseconds(entry)), 'utimes', path);
}

const deviceTypes = {
  fifo: fileTypes.fifo,
  'character-device': fileTypes.characterDevice,
  'block-device': fileTypes.blockDevice,
};

function makeNode(
  root: OpenFile,
  { parent, name, path }: Place,
  { directory, entry, options }: { directory: string; entry: TarEntry; options: WriteOptions },
): void {
  const { uid, gid } = options.owner ?? entry;
  if (entry.type === 'hardlink') {
    const target = posix.join('/', directory, cleanMemberPath(entry.linkTarget));
    const found = openParent(root, target);
    if (found === undefined)
      throw invalid(`extract ${quoteMember(path)}: there is no ${quoteMember(target)} to link to`);
    using from = found.parent;
    check(linkAt(from.fd, found.name, parent.fd, name), 'link', path);
    return;
  }
  if (entry.type === 'symlink')
    check(symlinkAt(entry.linkTarget, parent.fd, name), 'symlink', path);
  else if (entry.type !== 'file' && entry.type !== 'directory') {
    check(
      mknodAt(
        parent.fd,
        name,
        deviceTypes[entry.type] | 0o600,
        entry.deviceMajor,
        entry.deviceMinor,
      ),
      'mknod',
      path,
    );
  }
  check(chownAt(parent.fd, name, uid, gid), 'chown', path);
  if (entry.type !== 'symlink') check(chmodAt(parent.fd, name, entry.mode), 'chmod', path);
  check(utimesAt(parent.fd, name, nanoseconds(entry)), 'utimes', path);
}

function nanoseconds({ mtimeS }: TarEntry): bigint {
  return BigInt(Math.round(mtimeS * 1e3)) * 1_000_000n;
}
