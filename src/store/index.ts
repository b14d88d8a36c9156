export { type ContentStoreOptions, openContentStore } from './content/file-content-store.ts';
export type { ContentStore, Ingest } from './content-store.ts';
export { type Database, openDatabase } from './database.ts';
export type { Collected, CollectOptions } from './garbage/garbage-collector.ts';
export type { Lease, Leases, Roots } from './garbage/leases.ts';
export type { ImageChange, ImageStore, LocalImage } from './image-store.ts';
export type { LayerBlob, LayerIndex } from './images/layer-index.ts';
export {
  type ImageStoreOptions,
  type LocalImageStore,
  openImageStore,
} from './images/local-image-store.ts';
export { openStore, type Store } from './open-store.ts';
export type {
  ChainId,
  Change,
  CommitOptions,
  CommittedLayer,
  MountedView,
  Snapshot,
  Snapshots,
  UnpackedLayer,
  UnpackOptions,
} from './snapshots/snapshots.ts';
export { createRootFiles, type MountStubs, type RootFiles } from './trees/root-files.ts';
export { createTrees, type StoreTrees } from './trees/store-trees.ts';
