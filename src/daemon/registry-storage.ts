import { createHash } from 'node:crypto';
import {
  collect,
  type Digest,
  digestAlgorithm,
  errorKind,
  notFound,
  randomId,
} from '../core/index.ts';
import type { RegistryStorage, RepositoryName, Upload, UploadStorage } from '../registry/index.ts';
import type { ContentStore, Database } from '../store/index.ts';
import { type RegistryRecords, registryRecords } from './registry-records.ts';
import { streamFile } from './stream-file.ts';

const largestManifestBytes = 4 * 1024 * 1024;

/**
 * The registry's storage: bytes in the content store, which engine and builder share, and what holds
 * what in the database. `digests` names all content the registry needs, for garbage collection.
 */
export function createRegistryStorage(
  content: ContentStore,
  database: Database,
): RegistryStorage & { digests(): Digest[] } {
  const records = registryRecords(database);
  return {
    digests: records.digests,
    blobs: {
      // Asking the content store also keeps the blob from being collected while it is used.
      sizeOf: async (repository, digest) =>
        records.holdsBlob(repository, digest) ? content.sizeOf(digest) : undefined,
      async *open(digest, range) {
        yield* streamFile(content.pathOf(digest), range);
      },
      async mount(digest, { from, to }) {
        if (!records.holdsBlob(from, digest)) return false;
        if ((await content.sizeOf(digest)) === undefined) return false;
        return records.mountBlob(digest, { from, to });
      },
      async adopt(repository, digest) {
        if ((await content.sizeOf(digest)) === undefined) return false;
        records.linkBlob(repository, digest);
        return true;
      },
      holders: async (digest) => records.holders(digest),
      unlink: async (repository, digest) => records.unlinkBlob(repository, digest),
    },
    uploads: uploadStorage(content, records),
    manifests: {
      find: async (repository, reference) => records.findManifest(repository, reference),
      read: (digest) => collect(content.open(digest), largestManifestBytes),
      async put(repository, manifest) {
        const missing = records.missing(repository, manifest);
        if (missing.length > 0) return { missing };
        await putContent(content, manifest.digest, manifest.bytes);
        return { missing: records.putManifest(repository, manifest) };
      },
      delete: async (repository, digest) => records.deleteManifest(repository, digest),
      referrers: async (repository, subject, page) => records.referrers(repository, subject, page),
    },
    catalog: {
      tags: async (repository, page) => records.tags(repository, page),
      deleteTag: async (repository, tag) => records.deleteTag(repository, tag),
      repositories: async (page) => records.repositories(page),
      sweep: async (options) => records.sweep(options),
    },
  };
}

/** The content store's own `put` knows only sha256. */
async function putContent(content: ContentStore, digest: Digest, bytes: Uint8Array): Promise<void> {
  if (digestAlgorithm(digest) === 'sha256') {
    await content.put(bytes);
    return;
  }
  await using ingest = await content.ingest(`${uploadPrefix}manifest-${randomId()}`);
  await ingest.write(bytes);
  await ingest.commit({ digest, sizeBytes: bytes.length });
}

const uploadPrefix = 'registry-';

/**
 * An upload's name in the content store says which repository it belongs to, so nothing else has to
 * remember it.
 */
function ingestName(repository: RepositoryName, id: string): string {
  const owner = createHash('sha256').update(repository).digest('hex').slice(0, 32);
  return `${uploadPrefix}${owner}-${id}`;
}

function uploadStorage(content: ContentStore, records: RegistryRecords): UploadStorage {
  async function opened(repository: RepositoryName, id: string): Promise<Upload> {
    const ingest = await content.ingest(ingestName(repository, id));
    return {
      id,
      get offset() {
        return ingest.offset;
      },
      write: (chunk) => ingest.write(chunk),
      async commit(digest) {
        await ingest.commit({ digest });
        records.linkBlob(repository, digest);
      },
      abort: () => ingest.abort(),
      [Symbol.asyncDispose]: () => ingest[Symbol.asyncDispose](),
    };
  }
  const offsetOf = async (repository: RepositoryName, id: string) =>
    isUploadId(id) ? content.offsetOf(ingestName(repository, id)) : undefined;

  return {
    create: (repository) => opened(repository, randomId()),
    offsetOf,
    async open(repository, id) {
      if ((await offsetOf(repository, id)) === undefined) {
        throw notFound(`open upload ${id}: there is none in ${repository}`, {
          code: 'BLOB_UPLOAD_UNKNOWN',
        });
      }
      return opened(repository, id);
    },
    async expire(beforeMs) {
      const uploads = await content.ingests();
      const stale = uploads.filter(
        ({ id, updatedAtMs }) => id.startsWith(uploadPrefix) && updatedAtMs < beforeMs,
      );
      let expired = 0;
      for (const { id } of stale) {
        try {
          const ingest = await content.ingest(id);
          await ingest.abort();
          expired++;
        } catch (error) {
          // Somebody came back for it just now.
          if (errorKind(error) !== 'conflict') throw error;
        }
      }
      return expired;
    },
  };
}

function isUploadId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}
