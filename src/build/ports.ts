import type { ByteStream, Digest, FileTree, Platform, Reference } from '../core/index.ts';
import type { Descriptor, ImageConfig, ImageSink, ImageSource } from '../image/index.ts';
import type { CacheAddress } from './builder.ts';
import type { ReceiveRequest, UpdateRequest } from './synced-folders.ts';

/** The name of a stack of layers (ChainID of image-spec config.md); null is the empty one. */
export type Chain = Digest | null;

/** Filesystems of steps. Implemented by the store's snapshots. */
export interface Filesystems {
  has(chain: Digest): Promise<boolean>;
  /** A writable filesystem on top of a stack. */
  prepare(parent: Chain): Promise<WritableFilesystem>;
  /** A read-only mount of a stack, to copy from or bind. */
  view(chain: Chain): Promise<{ rootPath: string } & AsyncDisposable>;
  /** The stack's layers from the bottom up, however many. Throws `not-found`. */
  layers(chain: Digest): Promise<CommittedStep[]>;
  /**
   * Puts the top layer of `chain` on another stack, without copying its files (COPY --link).
   */
  restack(chain: Digest, parent: Chain): Promise<CommittedStep>;
  /**
   * Would the top layer of `chain`, of copied files, be right on another stack? `surroundings` are
   * what the copy found when it was made.
   */
  mayRestack(chain: Digest, parent: Chain, surroundings: Surroundings): Promise<boolean>;
  /** Lets a stack go that the cache no longer names; what an image or a stack needs stays. */
  release(chain: Digest): Promise<{ freedBytes: number }>;
  /** Those of the stacks that are there, and who else has the files of their topmost layers. */
  tops(chains: readonly Digest[]): Promise<ReadonlyMap<Digest, TopLayer>>;
}

/** The topmost layer of a stack. */
export interface TopLayer {
  /** Equal for stacks whose topmost layers are the same files. */
  readonly layer: string;
  /** An image has it, on whatever stack. */
  readonly isOfImage: boolean;
}

export interface CommittedStep {
  readonly chain: Digest;
  readonly diffId: Digest;
  /** Sum of the sizes of the files in the layer. */
  readonly sizeBytes: number;
}

export interface WritableFilesystem extends AsyncDisposable {
  readonly id: string;
  /** Mounts it when first asked; steps that only copy files never need it. */
  mount(): Promise<string>;
  /** Where its own changes lie, overlayfs whiteouts among them. */
  readonly upperPath: string;
  /**
   * `epochS` caps modification times. `contentDigest`, where the store gives one, is that of the
   * layer's entries without their times: equal for a RUN that did the same again.
   */
  commit(options: {
    epochS?: number;
    signal?: AbortSignal;
  }): Promise<CommittedStep & { contentDigest?: Digest }>;
  /** Dispose drops it unless committed. */
}

/**
 * Runs a step's command. Implemented with an OCI runtime. Places it mounts something at, and which
 * the root did not have, are gone again afterwards.
 */
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
    /** Permission bits of a tmpfs; 0o1777 when absent. */
    mode?: number;
  }[];
  hosts: readonly string[];
  hostname?: string;
  shmSizeBytes?: number;
  limits?: StepLimits;
  stdin?: ByteStream;
  /** Gives the command a terminal; all output comes as `stdout`. */
  terminal?: StepTerminal;
  onOutput: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** Abort kills every process of the step at once. */
  signal?: AbortSignal;
}

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** A terminal for a command: its size, and whom to tell when it changes. */
export interface StepTerminal {
  readonly size: TerminalSize;
  onResize(listener: (size: TerminalSize) => void): void;
}

export interface StepLimits {
  memoryBytes?: number;
  memorySwapBytes?: number;
  cpuShares?: number;
  cpuPeriod?: number;
  cpuQuota?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  cgroupParent?: string;
  ulimits?: readonly { name: string; soft: number; hard: number }[];
}

/** Finds base images, pulling them when needed. */
export interface BaseImages {
  resolve(reference: Reference, options: ResolveOptions): Promise<BaseImage>;
}

/**
 * Credentials by registry host (the Hub is `docker.io`), as a client's login left them: a password or
 * a token. A function is asked when they are needed.
 */
export type RegistryAuth =
  | Readonly<Record<string, RegistryLogin>>
  | ((host: string, signal?: AbortSignal) => Promise<RegistryLogin | undefined>);

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface ResolveOptions {
  platform?: Platform;
  pull: boolean;
  auth?: RegistryAuth;
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
  has(id: Digest): Promise<boolean>;
  /** Takes an image away again, unless it got a name meanwhile. */
  forget(id: Digest): Promise<void>;
}

/** Takes an image out of this machine, or a filesystem out of an image. */
export interface Exports {
  push(
    imageId: Digest,
    reference: Reference,
    options: Pick<ResolveOptions, 'auth' | 'onProgress' | 'signal'>,
  ): Promise<{ manifestDigest: Digest }>;
  /** An archive of the image, an OCI layout or docker-archive, under these names. */
  archive(
    imageId: Digest,
    options: { format: 'oci' | 'docker'; tags: readonly Reference[]; signal?: AbortSignal },
  ): ByteStream;
  /** A tar of the files of a stack. */
  filesystem(chain: Chain, options: { epochS?: number; signal?: AbortSignal }): ByteStream;
}

/** Single layers: listed for the report, moved for cache import and export. */
export interface Layers {
  /** Entries of a stack's top layer, in any order. */
  entries(chain: Digest, signal?: AbortSignal): AsyncIterable<LayerEntry>;
  /** The top layer's blob, compressed as it would be pushed. */
  blob(chain: Digest): Promise<{ descriptor: Descriptor; open: (offset: number) => ByteStream }>;
  /** Unpacks a layer (hostile, verified against its descriptor) on top of a stack. */
  unpack(
    parent: Chain,
    layer: { descriptor: Descriptor; content: ByteStream; signal?: AbortSignal },
  ): Promise<CommittedStep>;
}

export interface LayerEntry {
  /** Slash-separated, relative to the root. */
  readonly path: string;
  /** `whiteout` deletes the path of lower layers, `opaque` all that lower layers have below it. */
  readonly kind: 'file' | 'directory' | 'other' | 'whiteout' | 'opaque';
  /** Bytes of a file, counted once where it has several names. */
  readonly sizeBytes: number;
}

/** Where build caches are imported from and exported to. */
export interface CacheStores {
  source(address: CacheAddress, options: Pick<ResolveOptions, 'auth'>): Promise<ImageSource>;
  sink(address: CacheAddress, options: Pick<ResolveOptions, 'auth'>): Promise<ImageSink>;
}

/** Small, link-safe looks into one mounted filesystem; every path is resolved within its root. */
export interface RootFiles {
  /** Content of a regular file, or undefined when there is none. Throws `invalid` past the limit. */
  read(rootPath: string, path: string, limitBytes: number): Promise<Uint8Array | undefined>;
  /** What stands at the path, links followed, or undefined. */
  kindOf(rootPath: string, path: string): Promise<'directory' | 'other' | undefined>;
  /**
   * Names in a directory (links followed within the root, with `noFollow` but for the last), or
   * undefined when it is none.
   */
  list(
    rootPath: string,
    path: string,
    options?: { noFollow?: boolean },
  ): Promise<readonly string[] | undefined>;
}

/** Programs that undo compressions which Node does not know. */
export interface Decompressors {
  /** Throws `invalid` for damaged data, `unavailable` without the program. */
  decompress(compression: 'xz' | 'bzip2', stream: ByteStream, signal: AbortSignal): ByteStream;
}

/** Can programs of this platform run here: natively, or through binfmt_misc? */
export interface Emulators {
  supports(platform: Platform): Promise<boolean>;
  readonly native: Platform;
}

/** Trees of files: contexts on disk, stages, images. Runs off the event loop. */
export interface Trees {
  /**
   * Unpacks a hostile tar below `directory`, digesting each file on the way; gzip, zstd and plain
   * are told apart by their first bytes. Throws `invalid` past the limits.
   */
  unpack(
    archive: ByteStream,
    directory: string,
    signal?: AbortSignal,
    limits?: UnpackLimits,
  ): Promise<FileTree>;
  /**
   * Lists and digests what stands at `path` within `rootPath`, links in `path` followed inside the
   * root only. The tree's rootPath is where it really stands; its entry '' is the thing itself, the
   * others are relative to it. Throws `not-found`.
   */
  scan(rootPath: string, path: string, signal?: AbortSignal): Promise<FileTree>;
  /** Removes a folder of the builder's own with all below it; it need not be there. */
  remove(directory: string): Promise<void>;
  /** Sum of the sizes of the files below a directory; what vanishes meanwhile counts nothing. */
  measure(directory: string): Promise<number>;
  /**
   * Copies as COPY does; see CopyRequest. Tells what it found below, where it is not too much. Throws
   * `not-found`, `invalid`, `unavailable` (disk full).
   */
  copy(request: CopyRequest): Promise<Surroundings | undefined>;
  /**
   * Writes contents that come from outside; gives the 32 bytes of each file's sha256, in the order of
   * `wanted`. Throws `invalid` for what was not asked for, is too large or does not end.
   */
  receive(request: ReceiveRequest): Promise<Uint8Array>;
  /** See UpdateRequest. After an error the folder is of no use any more. */
  update(request: UpdateRequest): Promise<void>;
  /** Resolves when what was written to the filesystem of a folder is on its disk. */
  settle(directory: string): Promise<void>;
}

/**
 * What a copy found at each path of the stack below that it looked at: with what is copied, all that
 * its layer follows from. The store's words, for `Filesystems.mayRestack`; those of several copies
 * into one layer may be put together.
 */
export type Surroundings = readonly string[];

/** Limits for what unpacks from outside, against archives that are made to fill the disk. */
export interface UnpackLimits {
  readonly entries: number;
  readonly bytes: number;
}

/**
 * One copy. A file item lands at its targetPath, replacing a file there; a directory item
 * merges its contents into the directory at targetPath. A directory that has to be made gets the
 * mode, owner and attributes of the one it is copied from; missing parents get 0o755 and `owner`, or
 * 0:0; a directory that exists already keeps its own. All that is made gets `epochS`. Links in
 * targetPath, its last part included, are followed within targetRoot; those inside a copied
 * directory are copied as links.
 * Modes, extended attributes, times and hard links among the copied files are kept. Putting a file
 * over a directory throws `invalid` "cannot replace to directory <path> with file", a directory over
 * a file "cannot copy to non-directory: <path>", what is to go below a file "mkdir <path>: not a
 * directory".
 */
export interface CopyRequest {
  /** Source root and the paths in it to copy, resolved before (wildcards, links). */
  readonly sourceRoot: string;
  readonly items: readonly CopyItem[];
  /** Source paths left out, with all below them (ignore rules, --exclude). */
  readonly skip?: ReadonlySet<string>;
  /** The destination's `upperPath`, mounted or not. */
  readonly targetRoot: string;
  readonly owner?: { uid: number; gid: number };
  /** Permission bits for every file and directory copied: the same for all, or by the old ones. */
  readonly mode?: number | ModeTable;
  /** Modification time, in seconds, of all that is copied or made (SOURCE_DATE_EPOCH). */
  readonly epochS?: number;
  /** The source is ours alone and will not change: files may be linked instead of copied. */
  readonly mayLink: boolean;
  /** Nothing else is copied into the same layer: a file may be linked that other layers have. */
  readonly mayShare?: boolean;
  readonly signal?: AbortSignal;
}

export interface CopyItem {
  /** Slash-separated, relative to sourceRoot; '' is the root itself. */
  readonly sourcePath: string;
  /** Absolute within targetRoot. */
  readonly targetPath: string;
  /** Of a directory: itself alone, without what is in it. */
  readonly shallow?: boolean;
  /**
   * Of a directory: what is in it and not itself; one that has to be made looks like its parents.
   * Shallow as well, it is only a place that shall be there.
   */
  readonly contents?: boolean;
  /** Of a file: its name below targetPath, should that be a directory already. */
  readonly under?: string;
}

/**
 * New permission bits by old ones, for symbolic modes such as `u+X`: index is the old bits, plus
 * 0o10000 for a directory.
 */
export type ModeTable = Uint16Array;

/** What a build's client lends to whoever fetches for it; asked when it is wanted. */
export interface RemoteAccess {
  /** The value of the Authorization header for a host (`name` or `name:port`), if there is one. */
  authorization(
    service: 'git' | 'http',
    host: string,
    signal: AbortSignal,
  ): Promise<string | undefined>;
  /** A socket of its own that leads to the client's ssh agent, if it lends one. */
  agent(
    signal: AbortSignal,
  ): Promise<({ readonly socketPath: string } & AsyncDisposable) | undefined>;
}

/** Fetches what ADD and remote contexts name. No error shows the login of an address. */
export interface Fetcher {
  /**
   * Gets a file. With `etag`, of an earlier answer, it may say that nothing has changed. Throws
   * `not-found`, `unavailable`.
   */
  http(
    url: string,
    options: { etag?: string; access: RemoteAccess; signal: AbortSignal },
  ): Promise<{ kind: 'unchanged' } | HttpContent>;
  /** The commit an address leads to now. Throws `not-found`, `unavailable`. */
  commitOf(
    address: string,
    options: { access: RemoteAccess; signal: AbortSignal },
  ): Promise<string>;
  /**
   * Puts the files of a commit, or of the subfolder the address names, into an empty folder; a `.git`
   * that is kept knows no login.
   */
  git(
    address: string,
    options: { directory: string; keepGitDir: boolean; access: RemoteAccess; signal: AbortSignal },
  ): Promise<{ commit: string }>;
}

export interface HttpContent {
  readonly kind: 'content';
  readonly content: ByteStream;
  /** From Content-Disposition or the address; '' when neither names one. */
  readonly fileName: string;
  readonly modifiedAtMs?: number;
  readonly etag?: string;
  readonly contentType?: string;
}
