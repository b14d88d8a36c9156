import { createHash, type Hash } from 'node:crypto';
import { invalid } from './errors.ts';

/** `sha256:<64 lower-case hex digits>`, or sha512 with 128 (OCI image-spec, descriptor.md). */
export type Digest = `${DigestAlgorithm}:${string}` & { readonly __digest: unique symbol };
export type DigestAlgorithm = 'sha256' | 'sha512';

const hexLength: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

/** Throws `invalid` with code DIGEST_INVALID when the text is not a digest Berth can verify. */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw invalid(`parse digest: "${text.slice(0, 160)}" is not sha256:<hex> or sha512:<hex>`, {
      code: 'DIGEST_INVALID',
    });
  }
  return text;
}

export function isDigest(text: string): text is Digest {
  const colon = text.indexOf(':');
  const length = hexLength[text.slice(0, colon) as DigestAlgorithm];
  const hex = text.slice(colon + 1);
  return length !== undefined && hex.length === length && /^[0-9a-f]+$/.test(hex);
}

export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

export function digestOf(
  content: Uint8Array | string,
  algorithm: DigestAlgorithm = 'sha256',
): Digest {
  return finishDigest(createHash(algorithm).update(content), algorithm);
}

/** Closes a sha256 hash into a digest; the hash cannot be used afterwards. */
export function finishDigest(hash: Hash, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest;
}
