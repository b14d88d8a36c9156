import { createHash } from 'node:crypto';
import { type Digest, finishDigest } from '../../core/index.ts';

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

/** Digest of the portable attributes, sorted, with their lengths; undefined when there are none. */
export function digestXattrs(xattrs: ReadonlyMap<string, Uint8Array>): Digest | undefined {
  const names = [...xattrs.keys()].filter(isPortableXattr).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const name of names) {
    const value = xattrs.get(name)!;
    hash.update(`${Buffer.byteLength(name)} ${name} ${value.length} `).update(value);
  }
  return finishDigest(hash);
}
