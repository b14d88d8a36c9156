import { createHash } from 'node:crypto';
import { type Digest, finishDigest } from '../../core/index.ts';
import { isPortableXattr, type Xattrs } from '../files/layer-xattrs.ts';

/** Digest of the portable attributes, sorted, with their lengths; undefined when there are none. */
export function digestXattrs(xattrs: Xattrs): Digest | undefined {
  const names = [...xattrs.keys()].filter(isPortableXattr).sort();
  if (names.length === 0) return undefined;
  const hash = createHash('sha256');
  for (const name of names) {
    const value = xattrs.get(name)!;
    hash.update(`${Buffer.byteLength(name)} ${name} ${value.length} `).update(value);
  }
  return finishDigest(hash);
}
