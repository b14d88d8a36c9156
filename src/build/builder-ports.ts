import type { CacheRecords } from './cache/records.ts';
import type {
  BaseImages,
  CacheStores,
  Decompressors,
  Emulators,
  Exports,
  Fetcher,
  Filesystems,
  ImageWriter,
  Layers,
  RootFiles,
  Runner,
  Trees,
  UnpackLimits,
} from './ports.ts';

/** All that a builder is made with. */
export interface BuilderPorts {
  readonly filesystems: Filesystems;
  readonly trees: Trees;
  readonly rootFiles: RootFiles;
  readonly runner: Runner;
  readonly baseImages: BaseImages;
  readonly images: ImageWriter;
  readonly records: CacheRecords;
  readonly fetcher: Fetcher;
  readonly layers: Layers;
  readonly exports: Exports;
  readonly cacheStores: CacheStores;
  readonly emulators: Emulators;
  /** Without it, archives compressed with xz or bzip2 are not unpacked. */
  readonly decompressors?: Decompressors;
}

export interface BuilderOptions {
  /** A folder of the builder's own on the disk of the snapshots; what a crash left in it is removed. */
  readonly root: string;
  /** A folder of the builder's own on a tmpfs, for secrets. */
  readonly secretRoot: string;
  /**
   * How many steps of all builds run at once; when absent four for each CPU, at least 16, since most
   * steps wait for a network or a disk most of the time.
   */
  readonly parallelSteps?: number;
  readonly contextLimits?: UnpackLimits;
  /** Bytes the cache may keep; no bound when absent. */
  readonly cacheLimitBytes?: number;
  /** The cache is measured at most once in so long, a minute when absent. */
  readonly trimPauseMs?: number;
  /** Told when clearing up or trimming the cache failed, for which no build waits. */
  readonly onSweepError?: (error: unknown) => void;
}
