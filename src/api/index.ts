export type { BuildPorts } from './docker/build/ports.ts';
export type { BuildRecord, BuildRecords } from './docker/buildkit/history/build-record.ts';
export type {
  CommitRequest,
  ContainerInsight,
  ContainerLayout,
  ContainerPorts,
} from './docker/containers/ports.ts';
export { type DockerPorts, dockerApi, pageNotFound } from './docker/docker-api.ts';
export type { ExecPorts } from './docker/exec/routes.ts';
export type {
  FoundRepository,
  ImageArchives,
  ImagePorts,
  TransferOptions,
  Transfers,
} from './docker/images/ports.ts';
export type { NetworkMembership, NetworkPorts } from './docker/networks/ports.ts';
export type { RegistryAuth } from './docker/registry-auth.ts';
export { registryHost } from './docker/registry-auth.ts';
export type { DiskUsagePorts } from './docker/system/disk-usage.ts';
export type { Counts, Credentials, SystemFacts, SystemPorts } from './docker/system/ports.ts';
export type { VolumePorts } from './docker/volumes/routes.ts';
export { type ApiServer, createApiServer, type ListenAddress } from './http/server.ts';

export type { BuildMessage } from './platform/builds/build-message.ts';
export type { BuildSpec, CacheSpec, ContextSpec } from './platform/builds/build-spec.ts';

export type { ImageContents, ImageContentsReader } from './platform/images/routes.ts';
export type { JobView } from './platform/jobs/job-view.ts';
export type { JobsBackend } from './platform/jobs/routes.ts';
export { type PlatformPorts, platformApi } from './platform/platform-api.ts';
export type { UsersBackend } from './platform/users/routes.ts';
