import {
  conflict,
  type Digest,
  digestAlgorithm,
  digestOf,
  invalid,
  notFound,
  randomId,
} from '../../core/index.ts';
import { isTagReference, type RepositoryName, type Tag } from '../repository-name.ts';
import type {
  BlobStorage,
  Catalog,
  ManifestStorage,
  NewManifest,
  Page,
  RegistryStorage,
  SweepOptions,
  Upload,
  UploadStorage,
} from './storage.ts';

interface Repository {
  readonly blobs: Map<Digest, { linkedAtMs: number }>;
  readonly manifests: Map<Digest, NewManifest & { storedAtMs: number }>;
  readonly tags: Map<Tag, Digest>;
}

interface PendingUpload {
  readonly id: string;
  readonly repository: RepositoryName;
  chunks: Uint8Array[];
  open: boolean;
  updatedAtMs: number;
}

/** A registry storage that lives as long as the process: for tests, and a model for real ones. */
export function memoryStorage(): RegistryStorage {
  const contents = new Map<Digest, Uint8Array>();
  const repositories = new Map<RepositoryName, Repository>();
  const pending = new Map<string, PendingUpload>();

  function repositoryOf(name: RepositoryName): Repository {
    let repository = repositories.get(name);
    if (!repository) {
      repository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
      repositories.set(name, repository);
    }
    return repository;
  }

  const link = (name: RepositoryName, digest: Digest) =>
    repositoryOf(name).blobs.set(digest, { linkedAtMs: Date.now() });

  const blobs: BlobStorage = {
    sizeOf: async (name, digest) =>
      repositories.get(name)?.blobs.has(digest) ? contents.get(digest)?.length : undefined,
    async *open(digest, { start, end } = { start: 0, end: Number.POSITIVE_INFINITY }) {
      const content = contents.get(digest);
      if (!content) throw notFound(`read blob ${digest}: it is gone`, { code: 'BLOB_UNKNOWN' });
      yield content.subarray(start, end);
    },
    async mount(digest, { from, to }) {
      if (!repositories.get(from)?.blobs.has(digest)) return false;
      link(to, digest);
      return true;
    },
    async adopt(name, digest) {
      if (!contents.has(digest)) return false;
      link(name, digest);
      return true;
    },
    holders: async (digest) =>
      [...repositories].filter(([, { blobs }]) => blobs.has(digest)).map(([name]) => name),
    async unlink(name, digest) {
      const repository = repositories.get(name);
      if (!repository?.blobs.has(digest)) return 'unknown';
      if (namedBlobs(repository).has(digest)) return 'referenced';
      repository.blobs.delete(digest);
      return 'done';
    },
  };

  return {
    blobs,
    uploads: memoryUploads({ pending, contents, link }),
    manifests: memoryManifests({ repositories, repositoryOf, contents }),
    catalog: memoryCatalog(repositories),
  };
}

interface UploadParts {
  readonly pending: Map<string, PendingUpload>;
  readonly contents: Map<Digest, Uint8Array>;
  readonly link: (name: RepositoryName, digest: Digest) => void;
}

function memoryUploads(parts: UploadParts): UploadStorage {
  const { pending } = parts;
  function find(repository: RepositoryName, id: string): PendingUpload | undefined {
    const upload = pending.get(id);
    return upload?.repository === repository ? upload : undefined;
  }
  return {
    async create(repository) {
      const id = randomId();
      const upload = { id, repository, chunks: [], open: false, updatedAtMs: Date.now() };
      pending.set(id, upload);
      return openedUpload(upload, parts);
    },
    async open(repository, id) {
      const upload = find(repository, id);
      if (upload) return openedUpload(upload, parts);
      throw notFound(`open upload ${id}: there is none in ${repository}`, {
        code: 'BLOB_UPLOAD_UNKNOWN',
      });
    },
    async offsetOf(repository, id) {
      const upload = find(repository, id);
      return upload && sizeOf(upload);
    },
    async expire(beforeMs) {
      const stale = [...pending.values()].filter((u) => !u.open && u.updatedAtMs < beforeMs);
      for (const { id } of stale) pending.delete(id);
      return stale.length;
    },
  };
}

function openedUpload(upload: PendingUpload, { pending, contents, link }: UploadParts): Upload {
  if (upload.open) throw conflict(`open upload ${upload.id}: it is being written`);
  upload.open = true;
  return {
    id: upload.id,
    get offset() {
      return sizeOf(upload);
    },
    async write(chunk) {
      upload.chunks.push(chunk);
      upload.updatedAtMs = Date.now();
    },
    async commit(digest) {
      pending.delete(upload.id);
      const content = Buffer.concat(upload.chunks);
      const actual = digestOf(content, digestAlgorithm(digest));
      if (actual !== digest) {
        throw invalid(`commit upload: content has digest ${actual}, not ${digest}`, {
          code: 'DIGEST_INVALID',
        });
      }
      contents.set(digest, content);
      link(upload.repository, digest);
    },
    async abort() {
      pending.delete(upload.id);
    },
    async [Symbol.asyncDispose]() {
      upload.open = false;
    },
  };
}

function sizeOf({ chunks }: PendingUpload): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

function memoryManifests({
  repositories,
  repositoryOf,
  contents,
}: {
  repositories: Map<RepositoryName, Repository>;
  repositoryOf: (name: RepositoryName) => Repository;
  contents: Map<Digest, Uint8Array>;
}): ManifestStorage {
  return {
    async find(name, reference) {
      const repository = repositories.get(name);
      const digest = isTagReference(reference) ? repository?.tags.get(reference) : reference;
      return digest && repository?.manifests.get(digest);
    },
    async read(digest) {
      const content = contents.get(digest);
      if (!content) {
        throw notFound(`read manifest ${digest}: it is gone`, { code: 'MANIFEST_UNKNOWN' });
      }
      return content;
    },
    async put(name, manifest) {
      const repository = repositories.get(name);
      const missing = [
        ...manifest.blobs.filter((digest) => !repository?.blobs.has(digest)),
        ...manifest.manifests.filter((digest) => !repository?.manifests.has(digest)),
      ];
      if (missing.length > 0) return { missing };
      contents.set(manifest.digest, manifest.bytes);
      const target = repositoryOf(name);
      target.manifests.set(manifest.digest, { ...manifest, storedAtMs: Date.now() });
      if (manifest.tag) target.tags.set(manifest.tag, manifest.digest);
      return { missing };
    },
    async delete(name, digest) {
      const repository = repositories.get(name);
      if (!repository?.manifests.delete(digest)) return false;
      for (const [tag, target] of repository.tags) {
        if (target === digest) repository.tags.delete(tag);
      }
      return true;
    },
    async referrers(name, subject, { artifactType, after = '', limit }) {
      return [...(repositories.get(name)?.manifests.values() ?? [])]
        .filter((manifest) => manifest.subject === subject && manifest.digest > after)
        .filter((manifest) => !artifactType || manifest.artifactType === artifactType)
        .sort((a, b) => (a.digest < b.digest ? -1 : 1))
        .slice(0, limit);
    },
  };
}

function memoryCatalog(repositories: Map<RepositoryName, Repository>): Catalog {
  return {
    async tags(name, page) {
      const repository = repositories.get(name);
      return repository && pageOf([...repository.tags.keys()], page);
    },
    deleteTag: async (name, tag) => repositories.get(name)?.tags.delete(tag) ?? false,
    async repositories(page) {
      const names = [...repositories].filter(([, { manifests }]) => manifests.size > 0);
      return pageOf(
        names.map(([name]) => name),
        page,
      );
    },
    async sweep(options) {
      let blobs = 0;
      let manifests = 0;
      let emptied = 0;
      for (const [name, repository] of repositories) {
        manifests += sweepManifests(repository, options);
        const named = namedBlobs(repository);
        for (const [digest, { linkedAtMs }] of repository.blobs) {
          if (named.has(digest) || linkedAtMs >= options.unreferencedBeforeMs) continue;
          repository.blobs.delete(digest);
          blobs++;
        }
        if (repository.blobs.size + repository.manifests.size > 0) continue;
        repositories.delete(name);
        emptied++;
      }
      return { blobs, manifests, repositories: emptied };
    },
  };
}

function sweepManifests({ manifests, tags }: Repository, { untaggedBeforeMs }: SweepOptions) {
  if (untaggedBeforeMs === undefined) return 0;
  const tied = new Set(tags.values());
  for (const manifest of manifests.values())
    for (const child of manifest.manifests) tied.add(child);
  const stale = [...manifests.values()].filter(
    ({ digest, subject, storedAtMs }) =>
      !tied.has(digest) && !(subject && manifests.has(subject)) && storedAtMs < untaggedBeforeMs,
  );
  for (const { digest } of stale) manifests.delete(digest);
  return stale.length;
}

function namedBlobs({ manifests }: Repository): Set<Digest> {
  return new Set([...manifests.values()].flatMap(({ blobs }) => blobs));
}

function pageOf<T extends string>(names: T[], { after = '', limit }: Page): T[] {
  return names
    .filter((name) => name > after)
    .sort()
    .slice(0, limit);
}
