import type {
  ContainerConfig,
  DeviceRequest,
  EndpointSettings,
  HostConfig,
  MountSpec,
  PortBinding,
} from '../../../engine/index.ts';
import {
  array,
  boolean,
  type Decode,
  emptyObject,
  integer,
  map,
  object,
  string,
  strings,
} from '../../http/decode.ts';

type Healthcheck = NonNullable<ContainerConfig['Healthcheck']>;

const healthcheck = object<Healthcheck>({
  Test: array(string),
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
});

/** The fields of `POST /containers/create` that say what runs. */
export const containerConfig = object<ContainerConfig>({
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: array(string),
  Cmd: strings,
  Entrypoint: strings,
  Image: string,
  Labels: map(string),
  Volumes: map(emptyObject),
  WorkingDir: string,
  ExposedPorts: map(emptyObject),
  StopSignal: string,
  StopTimeout: integer,
  Healthcheck: healthcheck,
  NetworkDisabled: boolean,
  MacAddress: string,
  OnBuild: array(string),
  Shell: strings,
});

const mountSpec = object<MountSpec>({
  Type: string as Decode<MountSpec['Type']>,
  Source: string,
  Target: string,
  ReadOnly: boolean,
  Consistency: string,
  BindOptions: object<NonNullable<MountSpec['BindOptions']>>({
    Propagation: string,
    NonRecursive: boolean,
    CreateMountpoint: boolean,
    ReadOnlyNonRecursive: boolean,
    ReadOnlyForceRecursive: boolean,
  }),
  VolumeOptions: object<NonNullable<MountSpec['VolumeOptions']>>({
    NoCopy: boolean,
    Labels: map(string),
    DriverConfig: object({ Name: string, Options: map(string) }),
    Subpath: string,
  }),
  TmpfsOptions: object<NonNullable<MountSpec['TmpfsOptions']>>({
    SizeBytes: integer,
    Mode: integer,
    Options: array(array(string)),
  }),
});

const deviceRequest = object<DeviceRequest>({
  Driver: string,
  Count: integer,
  DeviceIDs: array(string),
  Capabilities: array(array(string)),
  Options: map(string),
});

const portBinding = object<PortBinding>({ HostIp: string, HostPort: string });

type RestartPolicy = NonNullable<HostConfig['RestartPolicy']>;

/** The limits that `docker update` can change too. */
const resources = {
  Memory: integer,
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  NanoCpus: integer,
  CpuShares: integer,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: string,
  CpusetMems: string,
  BlkioWeight: integer,
  PidsLimit: integer,
  OomKillDisable: boolean,
  CgroupParent: string,
  Devices: array(
    object<{ PathOnHost: string; PathInContainer: string; CgroupPermissions: string }>({
      PathOnHost: string,
      PathInContainer: string,
      CgroupPermissions: string,
    }),
  ),
  DeviceCgroupRules: array(string),
  DeviceRequests: array(deviceRequest),
  Ulimits: array(
    object<{ Name: string; Soft: number; Hard: number }>({
      Name: string,
      Soft: integer,
      Hard: integer,
    }),
  ),
  RestartPolicy: object<RestartPolicy>({
    Name: string as Decode<NonNullable<RestartPolicy['Name']>>,
    MaximumRetryCount: integer,
  }),
} as const;

/** The fields of `HostConfig`: how it runs on this machine. */
export const hostConfig = object<HostConfig>({
  ...resources,
  Binds: array(string),
  Mounts: array(mountSpec),
  Tmpfs: map(string),
  VolumesFrom: array(string),
  VolumeDriver: string,
  ContainerIDFile: string,
  NetworkMode: string,
  PortBindings: map<PortBinding[] | null>((value, path) => array(portBinding)(value, path) ?? []),
  PublishAllPorts: boolean,
  AutoRemove: boolean,
  Links: array(string),
  Dns: array(string),
  DnsOptions: array(string),
  DnsSearch: array(string),
  ExtraHosts: array(string),
  GroupAdd: array(string),
  CapAdd: strings,
  CapDrop: strings,
  Privileged: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: array(string),
  Init: boolean,
  Runtime: string,
  IpcMode: string,
  PidMode: string,
  UTSMode: string,
  UsernsMode: string,
  CgroupnsMode: string,
  Cgroup: string,
  ShmSize: integer,
  Sysctls: map(string),
  OomScoreAdj: integer,
  LogConfig: object({ Type: string, Config: map(string) }),
  StorageOpt: map(string),
  MaskedPaths: array(string),
  ReadonlyPaths: array(string),
  ConsoleSize: array(integer) as Decode<[height: number, width: number]>,
  Annotations: map(string),
});

/** The body of `POST /containers/:id/update`. */
export const updateChange = object<Partial<Pick<HostConfig, keyof typeof resources>>>(resources);

/** What a container asks of one network, or was given there. */
export const endpointSettings = object<EndpointSettings>({
  IPAMConfig: object({ IPv4Address: string, IPv6Address: string, LinkLocalIPs: array(string) }),
  Links: array(string),
  Aliases: array(string),
  MacAddress: string,
  DriverOpts: map(string),
  GwPriority: integer,
  NetworkID: string,
  EndpointID: string,
  Gateway: string,
  IPAddress: string,
  IPPrefixLen: integer,
  IPv6Gateway: string,
  GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: integer,
  DNSNames: array(string),
});
