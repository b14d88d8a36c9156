import type { ByteStream, Digest, Reference } from '../../../core/index.ts';
import type {
  ContainerConfig,
  ContainerFiles,
  ContainerStreams,
  Containers,
} from '../../../engine/index.ts';
import type { ImageStore } from '../../../store/index.ts';

/** What the routes of containers need of the daemon. */
export interface ContainerPorts {
  readonly containers: Containers;
  readonly streams: Pick<ContainerStreams, 'attach' | 'logs'>;
  readonly files: ContainerFiles;
  readonly images: Pick<ImageStore, 'resolve' | 'list'>;
  readonly insight: ContainerInsight;
  /** Makes an image of a container's filesystem; `changes` are Dockerfile instructions. */
  readonly commit: (request: CommitRequest) => Promise<Digest>;
  /** The bytes of an archive, whatever it is compressed with. */
  readonly decompress: (archive: ByteStream) => ByteStream;
  /** CPUs of this machine, for the range of `--cpus`. */
  readonly cpus: number;
}

/** What `inspect` tells beside the container's own record. */
export interface ContainerInsight {
  layout(id: string): ContainerLayout;
  /** Bytes the container wrote, and those of its whole filesystem. */
  sizes(id: string): Promise<{ writtenBytes: number; rootBytes: number }>;
  /** Execs that were created and are not over. */
  execIds(id: string): readonly string[];
}

/** Where a container's parts lie on this machine; '' for what does not exist now. */
export interface ContainerLayout {
  readonly resolvConfPath: string;
  readonly hostnamePath: string;
  readonly hostsPath: string;
  readonly namespacePath: string;
  readonly overlay: {
    readonly lowerPaths: readonly string[];
    readonly mergedPath: string;
    readonly upperPath: string;
    readonly workPath: string;
  };
}

export interface CommitRequest {
  readonly container: string;
  readonly reference?: Reference;
  readonly author: string;
  readonly comment: string;
  readonly changes: readonly string[];
  /** Stops the container's processes while its files are read. */
  readonly pause: boolean;
  /** Replaces the container's own configuration in the image. */
  readonly config?: ContainerConfig;
}
