import { type Digest, digestAlgorithm, digestOf, invalid, notFound } from '../../core/index.ts';
import { isTagReference, type RepositoryName, type Tag } from '../repository-name.ts';
import { type ParsedManifest, parsePushed } from './parse-pushed.ts';
import type { RegistryStorage } from './storage.ts';

export interface PushedManifest {
  readonly repository: RepositoryName;
  /** The tag it gets, or the digest it must have. */
  readonly target: Digest | Tag;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}

/**
 * Checks a manifest and all it names, and stores it. Throws `invalid` (MANIFEST_INVALID,
 * DIGEST_INVALID), `not-found` (MANIFEST_BLOB_UNKNOWN, with `details.missing`).
 */
export async function storeManifest(
  storage: RegistryStorage,
  { repository, target, bytes, contentType }: PushedManifest,
): Promise<{ digest: Digest; subject?: Digest }> {
  const parsed = parsePushed(bytes, contentType);
  const digest = isTagReference(target) ? digestOf(bytes) : verified(target, bytes);
  await checkSizes(storage, repository, parsed);
  const { missing } = await storage.manifests.put(repository, {
    ...parsed,
    digest,
    bytes,
    sizeBytes: bytes.length,
    blobs: parsed.blobs.map((blob) => blob.digest),
    manifests: parsed.manifests.map((manifest) => manifest.digest),
    ...(isTagReference(target) && { tag: target }),
  });
  if (missing.length > 0) throw missingContent(repository, missing);
  return { digest, subject: parsed.subject };
}

function missingContent(repository: string, missing: readonly Digest[]) {
  return notFound(`store manifest in ${repository}: it names ${missing.join(', ')}`, {
    code: 'MANIFEST_BLOB_UNKNOWN',
    details: { missing },
  });
}

/** The digest to store the manifest under, which is the one it was sent to. */
function verified(expected: Digest, bytes: Uint8Array): Digest {
  const actual = digestOf(bytes, digestAlgorithm(expected));
  if (actual === expected) return expected;
  throw invalid(`store manifest ${expected}: content has digest ${actual}`, {
    code: 'DIGEST_INVALID',
  });
}

/** A manifest that lies about a size could be pushed, but never pulled. */
async function checkSizes(
  { blobs, manifests }: RegistryStorage,
  repository: RepositoryName,
  parsed: ParsedManifest,
): Promise<void> {
  for (const { digest, sizeBytes } of parsed.blobs) {
    const actual = await blobs.sizeOf(repository, digest);
    if (actual !== undefined && actual !== sizeBytes) throw wrongSize(digest, sizeBytes, actual);
  }
  for (const { digest, sizeBytes } of parsed.manifests) {
    const actual = (await manifests.find(repository, digest))?.sizeBytes;
    if (actual !== undefined && actual !== sizeBytes) throw wrongSize(digest, sizeBytes, actual);
  }
}

function wrongSize(digest: Digest, claimed: number, actual: number) {
  return invalid(`manifest invalid: ${digest} has ${actual} bytes, not ${claimed}`, {
    code: 'MANIFEST_INVALID',
  });
}
