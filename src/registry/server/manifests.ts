import { isDigest, notFound } from '../../core/index.ts';
import { isTagReference, parseManifestReference } from '../repository-name.ts';
import type { RegistryEvent } from './events.ts';
import type { Exchange } from './exchange.ts';
import { manifestCache } from './manifest-cache.ts';
import { readSmallBody } from './request-body.ts';
import type { Handler } from './routes.ts';
import type { RegistryStorage } from './storage.ts';
import { storeManifest } from './store-manifest.ts';

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
    const contentType = request.headers['content-type'];
    const { digest, subject } = await storeManifest(storage, {
      repository,
      target,
      bytes,
      contentType,
    });
    reply.code(201).header('docker-content-digest', digest);
    reply.header('location', `/v2/${repository}/manifests/${digest}`);
    if (subject) reply.header('oci-subject', subject);
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
