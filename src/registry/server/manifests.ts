import {
  type Digest,
  digestAlgorithm,
  digestOf,
  invalid,
  isDigest,
  notFound,
} from '../../core/index.ts';
import { isTagReference, parseManifestReference } from '../repository-name.ts';
import type { RegistryEvent } from './events.ts';
import type { Exchange } from './exchange.ts';
import { manifestCache } from './manifest-cache.ts';
import { type ParsedManifest, parsePushed } from './parse-pushed.ts';
import { readSmallBody } from './request-body.ts';
import type { Handler } from './routes.ts';
import type { RegistryStorage } from './storage.ts';

/** Manifests may be that large (distribution-spec, pushing manifests); more is 413. */
export const manifestLimitBytes = 4 * 1024 * 1024;

/** GET, HEAD, PUT and DELETE of `/v2/<name>/manifests/<reference>`. */
export function manifestHandlers(
  storage: RegistryStorage,
  announce: (event: RegistryEvent) => void,
): Record<'get' | 'put' | 'delete', Handler> {
  const { manifests, catalog } = storage;
  const cache = manifestCache((digest) => manifests.read(digest));

  async function get({ request, reply, repository, reference, user }: Exchange): Promise<void> {
    const wanted = parseManifestReference(reference);
    const found = await manifests.find(repository, wanted);
    if (!found) throw unknown(repository, reference);
    const etag = `"${found.digest}"`;
    reply
      .header('docker-content-digest', found.digest)
      .header('etag', etag)
      .header('content-type', found.mediaType);
    if (request.headers['if-none-match'] === etag) {
      reply.code(304).send();
      return;
    }
    if (request.method === 'HEAD') {
      reply.header('content-length', found.sizeBytes).send();
      return;
    }
    const bytes = cache.get(found.digest) ?? (await cache.load(found.digest));
    reply.send(bytes);
    announce({ kind: 'pull', repository, digest: found.digest, user });
  }

  async function put({ request, reply, repository, reference, user }: Exchange): Promise<void> {
    const target = parseManifestReference(reference);
    const bytes = await readSmallBody(request.raw, manifestLimitBytes);
    const parsed = parsePushed(bytes, request.headers['content-type']);
    const digest = isTagReference(target) ? digestOf(bytes) : verified(target, bytes);
    await checkSizes(storage, repository, parsed);
    const { missing } = await manifests.put(repository, {
      ...parsed,
      digest,
      bytes,
      sizeBytes: bytes.length,
      blobs: parsed.blobs.map((blob) => blob.digest),
      manifests: parsed.manifests.map((manifest) => manifest.digest),
      ...(isTagReference(target) && { tag: target }),
    });
    if (missing.length > 0) throw missingContent(repository, missing);
    reply.code(201).header('docker-content-digest', digest);
    reply.header('location', `/v2/${repository}/manifests/${digest}`);
    if (parsed.subject) reply.header('oci-subject', parsed.subject);
    reply.send();
    const tag = isTagReference(target) ? { tag: target } : {};
    announce({ kind: 'push', repository, digest, user, ...tag });
  }

  async function remove({ reply, repository, reference, user }: Exchange): Promise<void> {
    const target = parseManifestReference(reference);
    const done = isTagReference(target)
      ? await catalog.deleteTag(repository, target)
      : await manifests.delete(repository, target);
    if (!done) throw unknown(repository, reference);
    reply.code(202).send();
    const what = isTagReference(target) ? { tag: target } : { digest: target };
    announce({ kind: 'delete', repository, user, ...what });
  }

  return { get, put, delete: remove };
}

function unknown(repository: string, reference: string) {
  return notFound(`unknown ${isDigest(reference) ? 'manifest' : 'tag'}=${reference}`, {
    code: 'MANIFEST_UNKNOWN',
    details: { name: repository, reference },
  });
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
  repository: Exchange['repository'],
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
