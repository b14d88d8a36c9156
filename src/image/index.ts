export { directoryFiles } from './archive/directory-files.ts';
export { layoutSink } from './archive/layout-sink.ts';
export type { MemberFiles } from './archive/member-files.ts';
export { type ArchivedImage, readImages } from './archive/read-images.ts';
export { openTarFiles, spoolTarFiles } from './archive/tar-files.ts';
export { writeArchive } from './archive/write-archive.ts';
export {
  compress,
  type DecompressOptions,
  decompress,
  decompressDetected,
  sniffCompression,
} from './compression/compression.ts';
export { descriptorOf, encodeDocument, type Image, type Layer, layerArchive } from './image.ts';
export { cleanMemberPath } from './layer/member-path.ts';
export { digestXattrs, isPortableXattr } from './layer/portable-xattrs.ts';
export { type MemberRole, memberRole, opaquePath, whiteoutPath } from './layer/whiteout.ts';
export { chainIds } from './manifest/chain-id.ts';
export type { Descriptor } from './manifest/descriptor.ts';
export type {
  ContainerDefaults,
  Healthcheck,
  HistoryEntry,
  ImageConfig,
} from './manifest/image-config.ts';
export type { Index, Manifest } from './manifest/manifest.ts';
export {
  type Compression,
  isIndexType,
  isManifestType,
  layerCompression,
  layerMediaType,
  mediaTypes,
} from './manifest/media-types.ts';
export { parseImageConfig } from './manifest/parse-image-config.ts';
export { manifestTypeOf, parseIndex, parseManifest } from './manifest/parse-manifest.ts';
export {
  platformMatches,
  selectPlatform,
} from './manifest/platform.ts';
export {
  appendLayer,
  assembleImage,
  createImage,
  emptyImage,
  imageSource,
  layerOf,
  withAnnotations,
  withConfig,
} from './mutate.ts';
export { type OpenOptions, openImage } from './open-image.ts';
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
} from './tar/tar-parser.ts';
export { type NewTarMember, writeTar } from './tar/write-tar.ts';
export { copyImage } from './transfer/copy-image.ts';
export type {
  ImageSink,
  ImageSource,
  PutOptions,
  RawManifest,
  TransferEvent,
} from './transfer/endpoints.ts';
export type { RetryPolicy } from './transfer/retry.ts';
export { validateImage } from './validate-image.ts';
