export {
  type CompressOptions,
  compress,
  type DecompressOptions,
  decompress,
  decompressDetected,
  sniffCompression,
} from './compression/compression.ts';
export type { Descriptor, Platform } from './descriptor.ts';
export type { ContainerDefaults, Healthcheck, HistoryEntry, ImageConfig } from './image-config.ts';
export { cleanMemberPath } from './layer/member-path.ts';
export { type MemberRole, memberRole, opaquePath, whiteoutPath } from './layer/whiteout.ts';
export type { Index, Manifest } from './manifest.ts';
export {
  type Compression,
  isIndexType,
  isManifestType,
  layerCompression,
  mediaTypes,
} from './media-types.ts';
export { memberBytes, memberText, quoteMember } from './tar/member-text.ts';
export { readTar, type TarMember } from './tar/read-tar.ts';
export type { TarEntry, TarEntryType } from './tar/tar-entry.ts';
export {
  type NewTarEntry,
  type TarHeaderOptions,
  tarHeader,
  tarPadding,
  tarTrailer,
} from './tar/tar-header.ts';
export {
  createTarParser,
  type StoredContent,
  type TarHandlers,
  type TarParser,
} from './tar/tar-parser.ts';
export { type NewTarMember, writeTar } from './tar/write-tar.ts';
export type { ImageSink, ImageSource, PutOptions, RawManifest, TransferEvent } from './transfer.ts';
