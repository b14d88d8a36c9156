import { constants as os } from 'node:os';
import { errnoCode } from '../../core/index.ts';
import { isPortableXattr } from '../../image/index.ts';
import {
  check,
  getFdXattr,
  getXattr,
  listFdXattrs,
  listXattrs,
  setFdXattr,
  setXattr,
} from '../../linux/index.ts';

/** The mark by which overlayfs shows nothing of lower layers in a directory. */
export const opaqueXattr = 'trusted.overlay.opaque';
export const opaqueValue: Uint8Array = Buffer.from('y');

export type Xattrs = ReadonlyMap<string, Uint8Array>;
export const noXattrs: Xattrs = new Map();

/** The portable attributes of a name in an open directory, never of a link's target; sorted by name. */
export function readXattrs(directoryFd: number, name: string): Xattrs {
  return readXattrsOf(`/proc/self/fd/${directoryFd}/${name}`);
}

/** As `readXattrs`, by path. */
export function readXattrsOf(path: string): Xattrs {
  return portable(listXattrs(path), (name) => getXattr(path, name));
}

/** As `readXattrs`, of an open file: the cheapest way. */
export function readFdXattrs(fd: number): Xattrs {
  return portable(listFdXattrs(fd), (name) => getFdXattr(fd, name));
}

function portable(names: string[], read: (name: string) => Buffer | undefined): Xattrs {
  if (names.length === 0) return noXattrs;
  const found = new Map<string, Uint8Array>();
  for (const name of names) {
    const value = isPortableXattr(name) ? read(name) : undefined;
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/**
 * Sets the portable ones among them on an open file. What the filesystem does not keep is left out,
 * as Docker does.
 */
export function writeFdXattrs(fd: number, xattrs: Xattrs): void {
  for (const [name, value] of xattrs) {
    if (isPortableXattr(name)) accept(setFdXattr(fd, name, value), name);
  }
}

/** As `writeFdXattrs`, on a link or device in an open directory; those take no `user.` attributes. */
export function writeXattrsAt(directoryFd: number, name: string, xattrs: Xattrs): void {
  for (const [key, value] of xattrs) {
    if (!isPortableXattr(key) || key.startsWith('user.')) continue;
    try {
      setXattr(`/proc/self/fd/${directoryFd}/${name}`, key, value);
    } catch (error) {
      if (errnoCode(error) !== 'ENOTSUP' && errnoCode(error) !== 'EOPNOTSUPP') throw error;
    }
  }
}

function accept(result: number, name: string): void {
  if (result !== -os.errno.ENOTSUP) check(result, `fsetxattr ${name}`);
}
