import type { ByteStream, Digest } from '../../core/index.ts';
import type { RepositoryName, Tag } from '../repository-name.ts';

/**
 * What the registry keeps. Content is shared by all repositories; a blob or manifest is visible
 * only in the repositories that hold it. `storage-contract.ts` says the rest as tests.
 */
export interface RegistryStorage {
  readonly blobs: BlobStorage;
  readonly uploads: UploadStorage;
  readonly manifests: ManifestStorage;
  readonly catalog: Catalog;
}

export interface BlobStorage {
  /** Size in bytes of a blob that the repository holds, else undefined. */
  sizeOf(repository: RepositoryName, digest: Digest): Promise<number | undefined>;
  /**
   * The blob's bytes from `start` to `end` (exclusive). A chunk's memory belongs to the stream again
   * when the next chunk is asked for. Throws `not-found`.
   */
  open(digest: Digest, range?: { start: number; end: number }): ByteStream;
  /** Lets `to` hold what `from` holds, in one step; false when `from` does not hold it. */
  mount(digest: Digest, path: { from: RepositoryName; to: RepositoryName }): Promise<boolean>;
  /**
   * Lets the repository hold content that the storage has for whatever reason; false when it has
   * none. It asks for no rights: not for requests from outside.
   */
  adopt(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** The repositories that hold the blob. */
  holders(digest: Digest): Promise<RepositoryName[]>;
  /** Takes the blob from the repository, unless a manifest there names it. */
  unlink(repository: RepositoryName, digest: Digest): Promise<'done' | 'unknown' | 'referenced'>;
}

/** Uploads outlive connections and the daemon; each belongs to one repository. */
export interface UploadStorage {
  create(repository: RepositoryName): Promise<Upload>;
  /** Reopens at the offset reached. Throws `not-found` (BLOB_UPLOAD_UNKNOWN), `conflict` while open. */
  open(repository: RepositoryName, id: string): Promise<Upload>;
  /** Bytes stored, without opening; undefined when there is no such upload. */
  offsetOf(repository: RepositoryName, id: string): Promise<number | undefined>;
  /** Drops uploads not written to since the moment; gives their number. */
  expire(beforeMs: number): Promise<number>;
}

/** An open upload; dispose closes it and keeps what was written. */
export interface Upload extends AsyncDisposable {
  readonly id: string;
  readonly offset: number;
  /** Takes the chunk over: the caller must not change it afterwards. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Verifies and stores the blob and lets the repository hold it. Throws `invalid` (DIGEST_INVALID)
   * and drops the upload when the content has another digest.
   */
  commit(digest: Digest): Promise<void>;
  abort(): Promise<void>;
}

export interface ManifestStorage {
  /** By digest, or by the tag's current digest; undefined when the repository has neither. */
  find(repository: RepositoryName, reference: Digest | Tag): Promise<StoredManifest | undefined>;
  /** The manifest's raw bytes. Throws `not-found`. */
  read(digest: Digest): Promise<Uint8Array>;
  /**
   * Stores manifest and tag in one step, provided the repository holds all it names; otherwise
   * stores nothing and gives what is missing.
   */
  put(repository: RepositoryName, manifest: NewManifest): Promise<{ missing: readonly Digest[] }>;
  /** Removes the manifest and all its tags; false when there is none. */
  delete(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Manifests whose subject is `subject`, by digest, after `page.after`. */
  referrers(
    repository: RepositoryName,
    subject: Digest,
    page: Page & { artifactType?: string },
  ): Promise<Referrer[]>;
}

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

export interface NewManifest extends StoredManifest {
  readonly bytes: Uint8Array;
  readonly tag?: Tag;
  /** Blobs (config, layers) the repository must hold. */
  readonly blobs: readonly Digest[];
  /** Manifests (of an index) the repository must hold. */
  readonly manifests: readonly Digest[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Referrer extends StoredManifest {
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** At most `limit` entries that sort after `after`, in order of code units. */
export interface Page {
  readonly after?: string;
  readonly limit: number;
}

export interface Catalog {
  /** Tags in order; undefined when there is no such repository. */
  tags(repository: RepositoryName, page: Page): Promise<string[] | undefined>;
  /** False when there is no such tag. The manifest stays. */
  deleteTag(repository: RepositoryName, tag: Tag): Promise<boolean>;
  /** Names of the repositories that hold a manifest, in order. */
  repositories(page: Page): Promise<RepositoryName[]>;
  /** Drops what no manifest needs any more; see `SweepOptions`. */
  sweep(options: SweepOptions): Promise<SweepResult>;
}

export interface SweepOptions {
  /** Blobs no manifest of their repository names are dropped when they came before this moment. */
  readonly unreferencedBeforeMs: number;
  /** As above for manifests without tag that neither an index nor a subject ties; absent keeps them. */
  readonly untaggedBeforeMs?: number;
}

export interface SweepResult {
  readonly blobs: number;
  readonly manifests: number;
  readonly repositories: number;
}
