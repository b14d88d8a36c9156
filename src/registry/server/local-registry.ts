import { type Digest, invalid, isDigest, notFound, type Reference } from '../../core/index.ts';
import type { Descriptor, ImageSink, ImageSource, RawManifest } from '../../image/index.ts';
import type { Credentials } from '../credentials.ts';
import { pullError, pushError, registryError, usualMessages } from '../docker-errors.ts';
import { parseRepositoryName, type RepositoryName, type Tag } from '../repository-name.ts';
import type { AccessControl, Action } from './access-control.ts';
import type { RegistryEvent } from './events.ts';
import { permit } from './local-permit.ts';
import type { RegistryStorage } from './storage.ts';
import { storeManifest } from './store-manifest.ts';

/**
 * The registry as this process itself sees it, without HTTP: the same rights, checks and words, but
 * a blob that the storage has already is not sent anywhere.
 */
export interface LocalRegistry {
  source(reference: Reference, credentials?: Credentials): ImageSource;
  sink(reference: Reference, credentials?: Credentials): ImageSink;
}

export function openLocalRegistry(options: {
  storage: RegistryStorage;
  access: AccessControl;
  onEvent?: (event: RegistryEvent) => void;
}): LocalRegistry {
  const { storage, access, onEvent: announce = () => {} } = options;

  /** Asks once; everything waits for the answer. */
  function permission(reference: Reference, actions: readonly Action[], credentials?: Credentials) {
    const repository = parseRepositoryName(reference.path);
    let asked: Promise<string | undefined> | undefined;
    return async (): Promise<{ repository: RepositoryName; user?: string }> => {
      const needs = actions.map((action) => ({
        type: 'repository' as const,
        name: repository,
        action,
      }));
      asked ??= permit(access, needs, credentials);
      return { repository, user: await asked };
    };
  }

  function source(reference: Reference, credentials?: Credentials): ImageSource {
    const allowed = permission(reference, ['pull'], credentials);
    async function manifest(wanted: Digest | Tag): Promise<RawManifest> {
      const { repository, user } = await allowed();
      const found = await storage.manifests.find(repository, wanted);
      if (!found) throw unknownManifest();
      const { digest, mediaType, sizeBytes: size } = found;
      const bytes = await storage.manifests.read(digest);
      announce({ kind: 'pull', repository, digest, user });
      return { descriptor: { mediaType, digest, size }, bytes };
    }
    return {
      root: () =>
        inWords(manifest(reference.digest ?? ((reference.tag ?? 'latest') as Tag)), (error) =>
          pullError(error, reference),
        ),
      manifest: ({ digest }) => inWords(manifest(digest), (error) => pullError(error, reference)),
      async *blob({ digest }, { offset }) {
        const { repository } = await allowed();
        const sizeBytes = await storage.blobs.sizeOf(repository, digest);
        if (sizeBytes === undefined) throw notFound('unknown blob', { code: 'BLOB_UNKNOWN' });
        for await (const chunk of storage.blobs.open(digest, { start: offset, end: sizeBytes })) {
          // The storage may use a chunk's memory again; who reads an image may keep it.
          yield Uint8Array.from(chunk);
        }
      },
    };
  }

  function sink(reference: Reference, credentials?: Credentials): ImageSink {
    const allowed = permission(reference, ['pull', 'push'], credentials);

    async function hasBlob({ digest, size }: Descriptor): Promise<boolean> {
      const { repository } = await allowed();
      if ((await storage.blobs.sizeOf(repository, digest)) === size) return true;
      return storage.blobs.adopt(repository, digest);
    }

    async function putBlob(
      { digest, size }: Descriptor,
      open: Parameters<ImageSink['putBlob']>[1],
      { signal, onProgress }: Parameters<ImageSink['putBlob']>[2],
    ): Promise<void> {
      const { repository } = await allowed();
      await using upload = await storage.uploads.create(repository);
      try {
        for await (const chunk of open(0)) {
          signal?.throwIfAborted();
          await upload.write(chunk);
          onProgress?.(upload.offset);
        }
        if (upload.offset !== size) throw wrongSize(digest, size, upload.offset);
        await upload.commit(digest);
      } catch (error) {
        await upload.abort();
        throw error;
      }
    }

    async function putManifest(
      { descriptor, bytes }: RawManifest,
      { tags }: { tags: readonly string[] },
    ): Promise<void> {
      const { repository, user } = await allowed();
      const contentType = descriptor.mediaType;
      for (const name of tags.length > 0 ? tags : [descriptor.digest]) {
        const target = name as Digest | Tag;
        const { digest } = await storeManifest(storage, { repository, target, bytes, contentType });
        const tag = isDigest(name) ? {} : { tag: name as Tag };
        announce({ kind: 'push', repository, digest, user, ...tag });
      }
    }

    return {
      hasBlob: (descriptor) => inWords(hasBlob(descriptor), pushError),
      putBlob: (...call) => inWords(putBlob(...call), pushError),
      putManifest: (...call) => inWords(putManifest(...call), pushError),
    };
  }

  return { source, sink };
}

async function inWords<T>(work: Promise<T>, explain: (error: unknown) => unknown): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw explain(error);
  }
}

function unknownManifest() {
  const code = 'MANIFEST_UNKNOWN';
  return registryError([{ code, message: usualMessages[code]! }], 'not-found');
}

function wrongSize(digest: Digest, expected: number, actual: number) {
  return invalid(`push ${digest}: ${actual} bytes in place of ${expected}`, {
    code: 'SIZE_INVALID',
  });
}
