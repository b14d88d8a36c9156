import type { ByteStream, Digest, Platform, Reference } from '../../../core/index.ts';
import type { Containers } from '../../../engine/index.ts';
import type { Descriptor, TransferEvent } from '../../../image/index.ts';
import type { ImageStore, LocalImage } from '../../../store/index.ts';
import type { RegistryAuth } from '../registry-auth.ts';

/** What the routes of images need of the daemon. */
export interface ImagePorts {
  readonly images: Pick<ImageStore, 'resolve' | 'list' | 'tag' | 'untag' | 'delete'>;
  /** To count an image's containers, and to refuse to delete what they use. */
  readonly containers: Pick<Containers, 'list'>;
  readonly transfers: Transfers;
  readonly archives: ImageArchives;
  /** Where an image's layers lie, lowest first. */
  readonly layerPaths: (image: LocalImage) => readonly string[];
}

export interface TransferOptions {
  readonly auth?: RegistryAuth;
  readonly onEvent: (event: TransferEvent) => void;
  readonly signal: AbortSignal;
}

/** Images between this machine and registries. */
export interface Transfers {
  /** Throws `not-found` ("manifest for x not found: manifest unknown"), `unauthorized`. */
  pull(
    reference: Reference,
    options: TransferOptions & { platform?: Platform },
  ): Promise<{
    /** Of what stands in the registry, an index maybe. */
    digest: Digest;
    /** Whether the name means another image than before. */
    changed: boolean;
  }>;
  push(
    image: LocalImage,
    reference: Reference,
    options: TransferOptions,
  ): Promise<{ digest: Digest; sizeBytes: number }>;
  /** The tags of a repository. */
  tags(repository: Reference, options: Omit<TransferOptions, 'onEvent'>): Promise<string[]>;
  /** What a registry has under a name, unfetched. */
  describe(
    reference: Reference,
    options: Omit<TransferOptions, 'onEvent'>,
  ): Promise<{ descriptor: Descriptor; platforms: readonly Platform[] }>;
  search(
    term: string,
    options: Omit<TransferOptions, 'onEvent'> & { limit: number },
  ): Promise<FoundRepository[]>;
}

export interface FoundRepository {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
}

/** Images as archives; the streams may be compressed in any way that tar files are. */
export interface ImageArchives {
  /** Throws `invalid` for what is neither an OCI layout nor a docker-archive. */
  load(
    archive: ByteStream,
    options: { platform?: Platform; onEvent: (event: TransferEvent) => void; signal: AbortSignal },
  ): Promise<{ id: Digest; references: readonly Reference[] }[]>;
  /** A docker-archive that is an OCI layout too. */
  save(
    images: readonly { image: LocalImage; references: readonly Reference[] }[],
    options: { platform?: Platform; signal: AbortSignal },
  ): ByteStream;
  /** An image of one layer; `changes` are Dockerfile instructions. */
  importFiles(
    archive: ByteStream,
    options: {
      reference?: Reference;
      message: string;
      changes: readonly string[];
      platform?: Platform;
      signal: AbortSignal;
    },
  ): Promise<Digest>;
}
