import type { Counts, SystemFacts } from './ports.ts';

/** The answer of `GET /info`. */
export function infoReply(facts: SystemFacts, counts: Counts): unknown {
  return {
    ID: facts.id,
    Containers: counts.running + counts.paused + counts.stopped,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: counts.images,
    Driver: 'overlay2',
    DriverStatus: facts.storageStatus,
    Plugins: {
      Volume: ['local'],
      Network: facts.networkDrivers,
      Authorization: null,
      Log: facts.logDrivers,
    },
    ...limits(facts),
    IPv4Forwarding: facts.ipv4Forwarding,
    Debug: facts.debug,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: facts.cgroup.driver,
    CgroupVersion: String(facts.cgroup.version),
    NEventsListener: 0,
    KernelVersion: facts.kernelVersion,
    OperatingSystem: facts.operatingSystem,
    OSVersion: facts.osVersion,
    OSType: 'linux',
    Architecture: facts.machine,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(facts.registries),
    NCPU: facts.cpus,
    MemTotal: facts.memoryBytes,
    GenericResources: null,
    DockerRootDir: facts.rootPath,
    HttpProxy: facts.proxies.http,
    HttpsProxy: facts.proxies.https,
    NoProxy: facts.proxies.no,
    Name: facts.hostName,
    Labels: facts.labels,
    ExperimentalBuild: false,
    ServerVersion: facts.version,
    Runtimes: facts.runtimes,
    DefaultRuntime: facts.defaultRuntime,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: facts.initPath,
    ContainerdCommit: commitOf(facts, 'containerd'),
    RuncCommit: commitOf(facts, 'runc'),
    InitCommit: commitOf(facts, 'docker-init'),
    SecurityOptions: facts.securityOptions,
    CDISpecDirs: [],
    Warnings: facts.warnings.length > 0 ? facts.warnings : null,
  };
}

function limits({ cgroup }: SystemFacts): Record<string, boolean> {
  const has = (controller: string) => cgroup.controllers.includes(controller);
  return {
    MemoryLimit: has('memory'),
    SwapLimit: has('swap'),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: has('oom'),
  };
}

function registryConfig({ insecure, insecureNetworks, mirrors }: SystemFacts['registries']) {
  const entry = (name: string, official: boolean) => ({
    Mirrors: official ? mirrors : [],
    Name: name,
    Official: official,
    Secure: official,
  });
  return {
    IndexConfigs: Object.fromEntries([
      ...insecure.map((name) => [name, entry(name, false)]),
      ['docker.io', entry('docker.io', true)],
    ]),
    InsecureRegistryCIDRs: insecureNetworks,
    Mirrors: mirrors.length > 0 ? mirrors : null,
  };
}

function commitOf(facts: SystemFacts, name: string): { ID: string } {
  return { ID: facts.components.find((component) => component.name === name)?.commit ?? '' };
}
