import { type Digest, invalid, isDigest, notFound, type Reference } from '../../core/index.ts';
import type {
  Descriptor,
  ImageSink,
  ImageSource,
  PutOptions,
  RawManifest,
} from '../../image/index.ts';
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

const progressEachMs = 100;

interface LocalParts {
  readonly storage: RegistryStorage;
  readonly access: AccessControl;
  readonly onEvent?: (event: RegistryEvent) => void;
}

export function openLocalRegistry(parts: LocalParts): LocalRegistry {
  return {
    source: (reference, credentials) =>
      localSource(
        parts,
        reference,
        permission(parts, { reference, credentials, actions: ['pull'] }),
      ),
    sink: (reference, credentials) =>
      localSink(parts, permission(parts, { reference, credentials, actions: ['pull', 'push'] })),
  };
}

type Permission = () => Promise<{ repository: RepositoryName; user?: string }>;

/** Asks access control once; everything waits for the answer. */
function permission(
  { access }: LocalParts,
  wish: { reference: Reference; credentials?: Credentials; actions: readonly Action[] },
): Permission {
  const name = parseRepositoryName(wish.reference.path);
  const needs = wish.actions.map((action) => ({ type: 'repository' as const, name, action }));
  let asked: Promise<string | undefined> | undefined;
  return async () => {
    asked ??= permit(access, needs, wish.credentials);
    return { repository: name, user: await asked };
  };
}

function localSource(
  { storage, onEvent: announce = () => {} }: LocalParts,
  reference: Reference,
  allowed: Permission,
): ImageSource {
  async function manifest(wanted: Digest | Tag): Promise<RawManifest> {
    const { repository, user } = await allowed();
    const found = await storage.manifests.find(repository, wanted);
    if (!found) throw unknownManifest();
    const { digest, mediaType, sizeBytes: size } = found;
    const bytes = await storage.manifests.read(digest);
    announce({ kind: 'pull', repository, digest, user });
    return { descriptor: { mediaType, digest, size }, bytes };
  }
  const explain = (error: unknown) => pullError(error, reference);
  return {
    root: () =>
      inWords(manifest(reference.digest ?? ((reference.tag ?? 'latest') as Tag)), explain),
    manifest: ({ digest }) => inWords(manifest(digest), explain),
    async *blob({ digest }, { offset }) {
      const { repository } = await allowed();
      const sizeBytes = await storage.blobs.sizeOf(repository, digest);
      if (sizeBytes === undefined) throw notFound('unknown blob', { code: 'BLOB_UNKNOWN' });
      for await (const chunk of storage.blobs.open(digest, { start: offset, end: sizeBytes })) {
        // The storage may use a chunk's memory again; who reads an image may keep it.
        yield new Uint8Array(chunk);
      }
    },
  };
}

function localSink(
  { storage, onEvent: announce = () => {} }: LocalParts,
  allowed: Permission,
): ImageSink {
  async function hasBlob({ digest, size }: Descriptor): Promise<boolean> {
    const { repository } = await allowed();
    if ((await storage.blobs.sizeOf(repository, digest)) === size) return true;
    return storage.blobs.adopt(repository, digest);
  }

  async function putBlob(
    { digest, size }: Descriptor,
    open: Parameters<ImageSink['putBlob']>[1],
    { signal, onProgress }: PutOptions,
  ): Promise<void> {
    const { repository } = await allowed();
    await using upload = await storage.uploads.create(repository);
    try {
      let toldAtMs = 0;
      for await (const chunk of open(0)) {
        signal?.throwIfAborted();
        await upload.write(chunk);
        if (performance.now() - toldAtMs < progressEachMs) continue;
        toldAtMs = performance.now();
        onProgress?.(upload.offset);
      }
      if (upload.offset !== size) throw wrongSize(digest, size, upload.offset);
      await upload.commit(digest);
      onProgress?.(size);
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
