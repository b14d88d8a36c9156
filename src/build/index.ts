export type {
  AgentSource,
  BuildCache,
  BuildContext,
  BuildEvent,
  Builder,
  BuildOutput,
  BuildRequest,
  BuildResult,
  BuildStep,
  BuiltArchive,
  CacheAddress,
  CachePruneOptions,
  CacheUsage,
  FailedStep,
  FailedSteps,
  LineUsage,
  SecretSource,
  SshAgent,
  StepFailure,
  StepFailureDetails,
} from './builder.ts';
export type { BuilderOptions, BuilderPorts } from './builder-ports.ts';
export { createMemoryRecords } from './cache/memory-records.ts';
export type { CacheRecord, CacheRecords } from './cache/records.ts';
export { createSqliteRecords, type RecordsDatabase } from './cache/sqlite-records.ts';
export { changeConfig } from './change-config.ts';
export { type GitAddress, parseGitAddress, withoutLogins } from './context/git-address.ts';
export { type BerthBuilder, createBuilder } from './create-builder.ts';
export type { BuildOutline, OutlineArg, OutlineMount, OutlineTarget } from './plan/outline.ts';
export type {
  BaseImage,
  BaseImages,
  CacheStores,
  Chain,
  CommittedStep,
  CopyItem,
  CopyRequest,
  Decompressors,
  Emulators,
  Exports,
  Fetcher,
  Filesystems,
  HttpContent,
  ImageWriter,
  LayerEntry,
  Layers,
  ModeTable,
  RegistryAuth,
  RegistryLogin,
  RemoteAccess,
  ResolveOptions,
  RootFiles,
  Runner,
  RunRequest,
  StepLimits,
  TopLayer,
  Trees,
  UnpackLimits,
  WritableFilesystem,
} from './ports.ts';
export type { RemoteBlobs } from './remote-blobs.ts';
export type {
  FilePiece,
  RemoteChoice,
  RemoteEntry,
  RemoteFiles,
  RemoteFolder,
} from './remote-folder.ts';
