import type { ByteStream, Digest } from '../../core/index.ts';
import type { Compression } from '../../image/index.ts';
import type { Surroundings } from '../trees/surroundings.ts';

/**
 * A committed filesystem: the stack of layers up to and including one, named by the ChainID of
 * image-spec config.md. `null` stands for the empty filesystem.
 */
export type ChainId = Digest;

export interface Snapshots {
  has(chain: ChainId): Promise<boolean>;
  /**
   * Unpacks one layer's archive (hostile) beside the others, several at once, and keeps its bytes as
   * a blob; it takes its place on a stack by `stack`. What it is compressed with is told by its
   * bytes. Throws `invalid` on an archive that escapes, lies or is cut, or a blob not as expected.
   */
  unpack(content: ByteStream, options?: UnpackOptions): Promise<UnpackedLayer>;
  /** Makes an unpacked layer the top of `parent`; idempotent for the same stack. */
  stack(layer: UnpackedLayer, parent: ChainId | null): Promise<ChainId>;
  discard(layer: UnpackedLayer): Promise<void>;
  /** Puts the top layer of `chain` on another stack too; its files are not copied. Idempotent. */
  restack(chain: ChainId, parent: ChainId | null): Promise<CommittedLayer>;
  /**
   * Whether the top layer of `chain` would be right on another stack: its files are none that a layer
   * there has already under another name, and a copy would find there what it found when the layer
   * was made (`StoreTrees.copy`).
   */
  mayRestack(chain: ChainId, parent: ChainId | null, surroundings: Surroundings): Promise<boolean>;

  /**
   * A writable filesystem on top of `parent`, under a name of the caller's; survives restarts. A
   * transient one syncs nothing to disk while it is mounted. Throws `conflict` for a name in use.
   */
  prepare(
    id: string,
    parent: ChainId | null,
    options?: { isTransient?: boolean },
  ): Promise<Snapshot>;
  /** Throws `not-found`. */
  get(id: string): Promise<Snapshot>;
  /** Removes a writable snapshot, unmounting it first; idempotent. */
  remove(id: string): Promise<void>;
  /** Turns a writable snapshot into the layer on top of its parent; it is gone afterwards. */
  commit(id: string, options?: CommitOptions): Promise<CommittedLayer & { contentDigest?: Digest }>;
  /**
   * To be called once after start, by who knows what writable snapshots are for: removes those not
   * among `existing`, and unmounts those not among `running`.
   */
  recover(known: { existing: ReadonlySet<string>; running: ReadonlySet<string> }): Promise<void>;

  /** The layer's canonical, uncompressed archive: the bytes whose digest is its diffId. */
  archive(chain: ChainId): ByteStream;
  /** A tar of all that a stack shows; `epochS` caps modification times. */
  archiveStack(
    chain: ChainId | null,
    options?: { epochS?: number; signal?: AbortSignal },
  ): ByteStream;
  /** The same of any directory, such as the mount of a writable snapshot. */
  archiveTree(rootPath: string, options?: { epochS?: number; signal?: AbortSignal }): ByteStream;
  /** Mounts a committed stack read-only; dispose to unmount. */
  view(chain: ChainId | null): Promise<MountedView>;
  /** Committed stacks, with their parents; the material of garbage collection and `system df`. */
  list(): Promise<CommittedLayer[]>;
  /** The stack's layers from the bottom up. Throws `not-found`. */
  layers(chain: ChainId): Promise<CommittedLayer[]>;
  /**
   * Deletes a stack's topmost layer; its files stay, and no bytes are freed, where another stack has
   * it as well. Throws `conflict` while another layer or a snapshot stands on it.
   */
  delete(chain: ChainId): Promise<{ freedBytes: number }>;
}

export interface UnpackOptions {
  readonly compression?: Compression;
  /** Of the blob, as it comes. */
  readonly expected?: { readonly digest?: Digest; readonly sizeBytes?: number };
  readonly signal?: AbortSignal;
}

export interface UnpackedLayer {
  readonly stagingId: string;
  readonly diffId: Digest;
  /** Sum of the sizes of the files in it. */
  readonly sizeBytes: number;
}

export interface CommittedLayer {
  readonly chain: ChainId;
  /** Number of its files: several stacks may have the same on top. */
  readonly layer: number;
  readonly parent: ChainId | null;
  readonly diffId: Digest;
  readonly sizeBytes: number;
}

export interface CommitOptions {
  /** Caps every modification time, in seconds (SOURCE_DATE_EPOCH). */
  readonly epochS?: number;
  readonly signal?: AbortSignal;
  /** The snapshot stays: the layer gets copies of its files (`docker commit`). */
  readonly keep?: boolean;
  /** With `keep`: absolute paths at which an empty file is no part of the layer. */
  readonly leaveOut?: readonly string[];
}

export interface Snapshot {
  readonly id: string;
  readonly parent: ChainId | null;
  /** Overlay-mounts it (idempotent) and gives the path of its root. */
  mount(): Promise<string>;
  unmount(): Promise<void>;
  /** Where changes land: the overlay's upper directory, with overlayfs whiteouts. */
  readonly upperPath: string;
  /** Where `mount` mounts it. */
  readonly rootPath: string;
  /** Paths added, changed or deleted against the parent, as `docker diff` tells them. */
  changes(): Promise<Change[]>;
  /** Bytes in the upper directory. */
  usage(): Promise<number>;
}

export interface Change {
  /** Absolute, within the filesystem. */
  readonly path: string;
  readonly kind: 'added' | 'modified' | 'deleted';
}

export interface MountedView extends AsyncDisposable {
  readonly rootPath: string;
}
