import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Digest, digestAlgorithm, digestOf, invalid, notFound } from '../../core/index.ts';
import { isTagReference, type RepositoryName, type Tag } from '../repository-name.ts';
import { type ClaimedContent, type ParsedManifest, parsePushed } from './parse-pushed.ts';
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
  await checkContents(storage, repository, parsed);
  const { missing } = await storage.manifests.put(repository, {
    ...parsed,
    digest,
    bytes,
    sizeBytes: bytes.length,
    blobs: digestsOf(parsed.blobs),
    manifests: digestsOf(parsed.manifests),
    ...(isTagReference(target) && { tag: target }),
  });
  if (missing.length > 0) throw missingContent(repository, missing);
  return { digest, subject: parsed.subject };
}

/** Each once: a manifest may name the same content thousands of times. */
function digestsOf(contents: readonly ClaimedContent[]): Digest[] {
  return [...new Set(contents.map(({ digest }) => digest))];
}

/** Who has to push so many blobs first need not be told of all of them at once. */
const mostMissingTold = 100;

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

/**
 * Checks that all is there, and as large as it is said to be: a manifest that lies about a size could
 * be pushed, but never pulled.
 */
async function checkContents(
  { blobs, manifests }: RegistryStorage,
  repository: RepositoryName,
  parsed: ParsedManifest,
): Promise<void> {
  const missing = [
    ...(await checkClaims(parsed.blobs, (digest) => blobs.sizeOf(repository, digest))),
    ...(await checkClaims(parsed.manifests, async (digest) => {
      return (await manifests.find(repository, digest))?.sizeBytes;
    })),
  ];
  if (missing.length > 0) throw missingContent(repository, missing);
}

/** What is missing, as far as it is told. */
async function checkClaims(
  contents: readonly ClaimedContent[],
  sizeOf: (digest: Digest) => Promise<number | undefined>,
): Promise<Digest[]> {
  const sizes = new Map<Digest, number>();
  const missing = new Set<Digest>();
  for (const [index, { digest, sizeBytes }] of contents.entries()) {
    if (missing.size >= mostMissingTold) break;
    // Each is looked up in a moment; of very many, others get their turn in between.
    if (index % 1000 === 999) await nextTurn();
    const actual = sizes.get(digest) ?? (await sizeOf(digest));
    if (actual === undefined) missing.add(digest);
    else if (actual !== sizeBytes) throw wrongSize(digest, sizeBytes, actual);
    else sizes.set(digest, actual);
  }
  return [...missing];
}

function wrongSize(digest: Digest, claimed: number, actual: number) {
  return invalid(`manifest invalid: ${digest} has ${actual} bytes, not ${claimed}`, {
    code: 'MANIFEST_INVALID',
  });
}
