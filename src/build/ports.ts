import type { ByteStream, Digest, Reference } from '../core/index.ts';
import type { ImageConfig, Platform } from '../image/index.ts';

/** The name of a stack of layers (ChainID of image-spec config.md); null is the empty one. */
export type Chain = Digest | null;

/** Filesystems of steps. Implemented by the store's snapshots. */
export interface Filesystems {
  has(chain: Digest): Promise<boolean>;
  /** A writable filesystem on top of a stack. */
  prepare(parent: Chain): Promise<WritableFilesystem>;
  /** A read-only mount of a stack, to copy from or bind. */
  view(chain: Chain): Promise<{ rootPath: string } & AsyncDisposable>;
}

export interface WritableFilesystem extends AsyncDisposable {
  readonly id: string;
  /** Mounts it when first asked; steps that only copy files never need it. */
  mount(): Promise<string>;
  /** Where its own changes lie, overlayfs whiteouts among them. */
  readonly upperPath: string;
  commit(options: {
    epochS?: number;
    signal?: AbortSignal;
  }): Promise<{ chain: Digest; diffId: Digest; sizeBytes: number }>;
  /** Dispose drops it unless committed. */
}

/** Runs a step's command. Implemented with an OCI runtime. */
export interface Runner {
  run(request: RunRequest): Promise<{ exitCode: number; oomKilled: boolean }>;
}

export interface RunRequest {
  id: string;
  rootPath: string;
  argv: readonly string[];
  env: readonly string[];
  cwd: string;
  user: string;
  network: 'default' | 'none' | 'host';
  insecure: boolean;
  mounts: readonly {
    source: string;
    target: string;
    readOnly: boolean;
    type: 'bind' | 'tmpfs';
    sizeBytes?: number;
  }[];
  hosts: readonly string[];
  hostname?: string;
  shmSizeBytes?: number;
  limits?: {
    memoryBytes?: number;
    memorySwapBytes?: number;
    cpuShares?: number;
    cpuPeriod?: number;
    cpuQuota?: number;
    cpusetCpus?: string;
  };
  stdin?: ByteStream;
  onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** Abort kills every process of the step at once. */
  signal?: AbortSignal;
}

/** Finds base images, pulling them when needed. */
export interface BaseImages {
  resolve(reference: Reference, options: ResolveOptions): Promise<BaseImage>;
}

export interface ResolveOptions {
  platform?: Platform;
  pull: boolean;
  auth?: Readonly<Record<string, { username: string; password: string }>>;
  onProgress?: (event: { id: string; action: string; current: number; total: number }) => void;
  signal?: AbortSignal;
}

export interface BaseImage {
  readonly id: Digest;
  readonly digest?: Digest;
  readonly config: ImageConfig;
  readonly chain: Chain;
}

/** Keeps what was built. */
export interface ImageWriter {
  /** Stores the config, whose layers are committed; `parent` is the step's before, for history. */
  write(
    config: Uint8Array,
    options: { tags: readonly Reference[]; parent?: Digest },
  ): Promise<Digest>;
}

/** The build cache: which result a step's key led to. Survives restarts. */
export interface CacheRecords {
  get(key: Digest): CacheRecord | undefined;
  put(record: CacheRecord): void;
  touch(key: Digest): void;
  delete(key: Digest): void;
  list(): CacheRecord[];
}

export interface CacheRecord {
  readonly key: Digest;
  readonly chain: Chain;
  readonly diffId?: Digest;
  readonly sizeBytes: number;
  readonly description: string;
  /** What the key was made of, by name, so that a miss can be explained. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
  readonly uses: number;
}

/** Trees of files: contexts on disk, stages, images. Runs off the event loop. */
export interface Trees {
  /** Unpacks a hostile tar below `directory`, digesting each file on the way. */
  unpack(archive: ByteStream, directory: string, signal?: AbortSignal): Promise<FileTree>;
  /** Lists and digests what lies below `path` within `rootPath` (links resolved inside the root only). */
  scan(rootPath: string, path: string, signal?: AbortSignal): Promise<FileTree>;
  /** Copies as COPY does; see CopyRequest. Throws `not-found`, `invalid` (escape), `unavailable` (disk full). */
  copy(request: CopyRequest): Promise<void>;
}

/** Entries by slash-separated path relative to the tree's root, sorted, directories included. */
export interface FileTree {
  readonly rootPath: string;
  readonly entries: ReadonlyMap<string, FileEntry>;
}

export interface FileEntry {
  readonly type: 'file' | 'directory' | 'symlink' | 'fifo' | 'character-device' | 'block-device';
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly linkTarget: string;
  /** Digest of content for files. */
  readonly digest?: Digest;
  /** Digest of the sorted extended attributes; absent when there are none. */
  readonly xattrsDigest?: Digest;
}

export interface CopyRequest {
  /** Source root and the paths in it to copy, resolved before (wildcards, ignore rules, excludes). */
  readonly sourceRoot: string;
  readonly items: readonly CopyItem[];
  /** Destination filesystem: `upperPath` when it is not mounted, else the mount's root. */
  readonly targetRoot: string;
  readonly owner?: { uid: number; gid: number };
  readonly mode?: number;
  readonly epochS?: number;
  /** The source is ours alone and will not change: files may be linked instead of copied. */
  readonly mayLink: boolean;
  readonly signal?: AbortSignal;
}

export interface CopyItem {
  readonly sourcePath: string;
  readonly targetPath: string;
}

/** Fetches what ADD and remote contexts name. */
export interface Fetcher {
  http(
    url: string,
    signal?: AbortSignal,
  ): Promise<{ content: ByteStream; fileName?: string; modifiedAtMs?: number }>;
  git(
    address: string,
    options: { directory: string; keepGitDir: boolean; signal?: AbortSignal },
  ): Promise<{ commit: string }>;
}
