import type { ByteStream, Digest } from '../../core/index.ts';
import type { Descriptor } from '../manifest/descriptor.ts';

/**
 * Where an image can be read: a registry repository, the local store, an OCI layout directory, a
 * docker-archive. One source stands for one image (one root manifest or index).
 */
export interface ImageSource {
  /** The root descriptor and its raw bytes. Throws `not-found` when there is no such image. */
  root(signal?: AbortSignal): Promise<RawManifest>;
  /** The raw bytes of a manifest the root index names. */
  manifest(descriptor: Descriptor, signal?: AbortSignal): Promise<RawManifest>;
  /**
   * The blob's bytes from `offset` on, unverified: who stores or reads them verifies. Throws
   * `unavailable` when trying again may help, as after a cut connection.
   */
  blob(descriptor: Descriptor, options: { offset: number; signal?: AbortSignal }): ByteStream;
  /**
   * Where making an image takes time: those of its blobs that can be copied before `root` is done,
   * each as soon as it can.
   */
  readyBlobs?(): AsyncIterable<Descriptor>;
}

export interface RawManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Where an image can be written. Blobs come before the manifests that name them. */
export interface ImageSink {
  hasBlob(descriptor: Descriptor, signal?: AbortSignal): Promise<boolean>;
  /**
   * Stores the blob whole or not at all, verified against digest and size. `open(offset)` gives its
   * bytes from an offset, so a sink that kept half of an earlier attempt resumes there. The same
   * blob may be put several times at once, by copies of images that share it.
   */
  putBlob(
    descriptor: Descriptor,
    open: (offset: number) => ByteStream,
    options: PutOptions,
  ): Promise<void>;
  putManifest(manifest: RawManifest, options: PutManifestOptions): Promise<void>;
  /** The copy failed: lets go of what was put and still waits for its manifest. Idempotent. */
  abandon?(): Promise<void>;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** Called with the total of bytes stored so far, at most a few times a second. */
  readonly onProgress?: (storedBytes: number) => void;
}

export interface PutManifestOptions {
  readonly tags: readonly string[];
  /** Set for a manifest that is part of an index still to come, which is the image's root. */
  readonly inIndex?: boolean;
  readonly signal?: AbortSignal;
}

/** What a copy tells while it runs; `blob` is named by its digest. */
export type TransferEvent =
  | {
      /** First of all: the image's manifest (or index, if all of it is copied) and its blobs. */
      kind: 'plan';
      root: RawManifest;
      copied: RawManifest;
      configs: readonly Descriptor[];
      layers: readonly Descriptor[];
    }
  | { kind: 'exists'; blob: Digest }
  | { kind: 'waiting'; blob: Digest }
  | { kind: 'progress'; blob: Digest; doneBytes: number; totalBytes: number }
  | { kind: 'done'; blob: Digest }
  | { kind: 'retry'; blob: Digest; attempt: number; reason: string };
