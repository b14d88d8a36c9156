export { type HostFacts, readHostFacts } from './bundle/host-facts.ts';
export type {
  Container,
  ContainerState,
  Exit,
  Health,
  MountPoint,
  PublishedPort,
} from './containers/container.ts';
export type {
  ContainerConfig,
  DeviceRequest,
  EndpointSettings,
  HostConfig,
  MountSpec,
  PortBinding,
} from './containers/container-config.ts';
export type {
  AttachOptions,
  ContainerFiles,
  ContainerStats,
  ContainerStreams,
  Containers,
  CreateRequest,
  Exec,
  ExecRequest,
  LogLine,
  LogOptions,
  PathStat,
  TerminalSize,
  WaitCondition,
} from './containers/containers.ts';
export type { ContainerLayout, Insight } from './containers/insight.ts';
export type { Membership } from './containers/membership.ts';
export { runtimePlaces } from './containers/runtime-places.ts';
export { createEngine, type Engine, type EngineOptions } from './create-engine.ts';
export type { EnginePaths } from './engine-parts.ts';
export { createEvents } from './events/create-events.ts';
export type { EngineEvent, Events } from './events/events.ts';
export { type ContainerFilesOptions, createContainerFiles } from './files/container-files.ts';
export { createNetworks, type NetworksOptions } from './network/create-networks.ts';
export type {
  ContainerNetwork,
  EndpointRequest,
  Network,
  NetworkCreateRequest,
  Networks,
  PortRequest,
} from './network/networks.ts';
export {
  createRuntimes,
  type Runtime,
  type RuntimeConfig,
  type Runtimes,
} from './runtime/runtimes.ts';
export type { StepMount, StepRequest } from './runtime/steps/step-request.ts';
export { createStepRunner, type StepRunner } from './runtime/steps/step-runner.ts';
export { createVolumes, type VolumesOptions } from './volumes/create-volumes.ts';
export type { Volume, Volumes } from './volumes/volumes.ts';
