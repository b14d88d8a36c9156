import { constants } from 'node:fs';
import { constants as os } from 'node:os';
import { notFound } from '../../core/index.ts';
import {
  check,
  closeFd,
  cwdFd,
  type FileStat,
  openAt,
  openDirectory,
  openInRoot,
  pathOnly,
  statAt,
  systemError,
} from '../../linux/index.ts';

/** A descriptor closed at the end of its block. */
export interface OpenFile extends Disposable {
  readonly fd: number;
}

const owned = (fd: number): OpenFile => ({ fd, [Symbol.dispose]: () => closeFd(fd) });

/** Opens the root directory itself. */
export function openRoot(rootPath: string): OpenFile {
  return owned(check(openAt(cwdFd, rootPath, openDirectory), 'open', rootPath));
}

/** What the path leads to inside the root, links followed there; undefined when nothing is there. */
export function openInside(root: OpenFile, path: string, flags = pathOnly): OpenFile | undefined {
  const fd = openInRoot(root.fd, relative(path), flags);
  if (fd === -os.errno.ENOENT || fd === -os.errno.ENOTDIR) return undefined;
  return owned(check(fd, 'openat2', path));
}

/** The directory that holds the path's last component, which itself is not followed. */
export function openParent(
  root: OpenFile,
  path: string,
): { parent: OpenFile; name: string } | undefined {
  const clean = relative(path);
  const slash = clean.lastIndexOf('/');
  const parent = openInside(root, clean.slice(0, Math.max(slash, 0)), openDirectory);
  return parent && { parent, name: clean.slice(slash + 1) };
}

/** Of the open file itself, or of a name in it. Undefined when the name is not there. */
export function statOf({ fd }: OpenFile, name = ''): FileStat | undefined {
  const stat = statAt(fd, name);
  if (typeof stat !== 'number') return stat;
  if (stat === -os.errno.ENOENT) return undefined;
  throw systemError(stat, 'statx', name);
}

export function openName({ fd }: OpenFile, name: string, flags: number): OpenFile {
  return owned(check(openAt(fd, name, flags | constants.O_NOFOLLOW), 'openat', name));
}

/** Without leading and trailing slashes; `.` for the root. Dots are the kernel's to resolve. */
export function relative(path: string): string {
  return path.replace(/^\/+|\/+$/g, '') || '.';
}

export function couldNotFind(path: string, ref: string): Error {
  return notFound(`Could not find the file ${path} in container ${ref}`);
}
