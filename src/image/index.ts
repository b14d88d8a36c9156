export type { Descriptor, Platform } from './descriptor.ts';
export type { ContainerDefaults, Healthcheck, HistoryEntry, ImageConfig } from './image-config.ts';
export type { Index, Manifest } from './manifest.ts';
export {
  type Compression,
  isIndexType,
  isManifestType,
  layerCompression,
  mediaTypes,
} from './media-types.ts';
export type { TarEntry, TarEntryType } from './tar-entry.ts';
export type { ImageSink, ImageSource, PutOptions, RawManifest, TransferEvent } from './transfer.ts';
