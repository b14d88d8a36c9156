import { errnoCode } from '../../core/index.ts';
import { getXattr, listXattrs, setXattr } from '../../linux/index.ts';

/** The mark by which overlayfs shows nothing of lower layers in a directory. */
export const opaqueXattr = 'trusted.overlay.opaque';
export const opaqueValue: Uint8Array = Buffer.from('y');

/**
 * Attributes that are part of a file's content. Those of overlayfs itself say where things lie on
 * this machine (and would forge layers if an archive could bring them); labels, measurements and
 * signatures of the kernel's security modules hold for one machine.
 */
export function isPortableXattr(name: string): boolean {
  return !(
    name.startsWith('trusted.overlay.') ||
    name.startsWith('user.overlay.') ||
    name === 'security.selinux' ||
    name === 'security.ima' ||
    name === 'security.evm'
  );
}

export type Xattrs = ReadonlyMap<string, Uint8Array>;
export const noXattrs: Xattrs = new Map();

/** The portable attributes of a name in an open directory, never of a link's target; sorted by name. */
export function readXattrs(directoryFd: number, name: string): Xattrs {
  const path = `/proc/self/fd/${directoryFd}/${name}`;
  const names = listXattrs(path).filter(isPortableXattr);
  if (names.length === 0) return noXattrs;
  const found = new Map<string, Uint8Array>();
  for (const name of names) {
    const value = getXattr(path, name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/**
 * Sets the portable ones among them. What the filesystem does not keep is left out, as Docker does;
 * so is a `user.` attribute of a link or device, which Linux forbids.
 */
export function writeXattrs(path: string, xattrs: Xattrs): void {
  for (const [name, value] of xattrs) {
    if (!isPortableXattr(name)) continue;
    try {
      setXattr(path, name, value);
    } catch (error) {
      const code = errnoCode(error);
      if (code === 'EPERM' && name.startsWith('user.')) continue;
      if (code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
    }
  }
}
