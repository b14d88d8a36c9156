import type { Digest, Reference } from '../core/index.ts';
import type { ImageConfig, ImageSink, ImageSource, RawManifest } from '../image/index.ts';
import type { LayerBlob } from './images/layer-index.ts';
import type { ChainId } from './snapshots/snapshots.ts';

/** Local images: what `docker images` lists. An image's id is its config's digest. */
export interface ImageStore {
  /** By reference (tag or digest), id or unambiguous id prefix. Throws `not-found` in Docker's words. */
  resolve(nameOrId: string): Promise<LocalImage>;
  list(): Promise<LocalImage[]>;
  tag(id: Digest, reference: Reference): Promise<void>;
  /** Takes one name away; the image stays, maybe dangling. Throws `not-found`. */
  untag(reference: Reference): Promise<void>;
  /** Deletes image and all its names; layers no other image uses go too. */
  delete(id: Digest): Promise<{ deleted: Digest[] }>;
  /** Registers an image whose layers are already committed snapshots (a build, a commit). */
  add(
    config: Uint8Array,
    options?: { tags?: readonly Reference[]; parent?: Digest },
  ): Promise<LocalImage>;
  /** Records that a registry has it under `name@digest`; `manifest` is what stands there. */
  addDigest(id: Digest, reference: Reference, manifest?: RawManifest): Promise<void>;
  /** Receives a pulled or loaded image; its layers are unpacked while they arrive. */
  sink(options: { name?: Reference; tags?: readonly Reference[] }): ImageSink;
  /** Offers an image for push or save; layers are compressed on first use and kept. */
  source(id: Digest): ImageSource;
  /** One layer's blob, as a source would offer it. */
  packLayer(chain: ChainId, diffId: Digest): Promise<LayerBlob>;
  /** Called after each change. */
  onChange(listener: (event: ImageChange) => void): void;
}

export interface LocalImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly rawConfig: Uint8Array;
  /** Top of its layers; null for an image without layers. */
  readonly chain: ChainId | null;
  /** With tags, in the order they were given. */
  readonly tags: readonly Reference[];
  /** name@digest under which it was pulled or pushed. */
  readonly repoDigests: readonly Reference[];
  /** Sum of its layers' file sizes. */
  readonly sizeBytes: number;
  readonly layerSizesBytes: readonly number[];
  /** Image this one was built from on this machine, if known. */
  readonly parent?: Digest;
  readonly lastTaggedAtMs?: number;
}

export type ImageChange =
  | { kind: 'tag' | 'untag'; id: Digest; reference: string }
  | { kind: 'delete' | 'pull' | 'push' | 'load' | 'import'; id: Digest; reference?: string };
