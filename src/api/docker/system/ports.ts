import type { Events } from '../../../engine/index.ts';
import type { DiskUsagePorts } from './disk-usage.ts';

/** What the system routes need of the daemon. */
export interface SystemPorts {
  readonly facts: () => SystemFacts | Promise<SystemFacts>;
  readonly events: Pick<Events, 'subscribe'>;
  readonly disk: DiskUsagePorts;
  readonly counts: () => Counts | Promise<Counts>;
  /** Tries the credentials at their registry; throws `unauthorized` when it refuses them. */
  readonly checkLogin: (
    credentials: Credentials,
    signal: AbortSignal,
  ) => Promise<{ identityToken?: string }>;
}

export interface Counts {
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
  readonly images: number;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** As the client gave it: a host, or an address with scheme and path. */
  readonly serverAddress: string;
  readonly identityToken?: string;
}

/** What `docker version` and `docker info` tell of the machine and the daemon. */
export interface SystemFacts {
  readonly id: string;
  readonly hostName: string;
  readonly version: string;
  readonly gitCommit: string;
  /** RFC 3339. */
  readonly buildTime: string;
  readonly rootPath: string;
  readonly labels: readonly string[];
  readonly debug: boolean;
  /** By the names `docker version` lists them under: `containerd`, `runc`. */
  readonly components: readonly { name: string; version: string; commit: string }[];
  readonly kernelVersion: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** Go's name, `amd64`; `machine` is the kernel's, `x86_64`. */
  readonly architecture: string;
  readonly machine: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly cgroup: {
    readonly driver: 'cgroupfs' | 'systemd' | 'none';
    readonly version: 1 | 2;
    /** Controllers at hand: `memory`, `swap`, `cpu`, `cpuset`, `pids`, `oom`. */
    readonly controllers: readonly string[];
  };
  readonly storageStatus: readonly (readonly [string, string])[];
  readonly logDrivers: readonly string[];
  readonly networkDrivers: readonly string[];
  readonly securityOptions: readonly string[];
  readonly runtimes: Readonly<Record<string, { path: string }>>;
  readonly defaultRuntime: string;
  readonly initPath: string;
  readonly registries: {
    readonly insecure: readonly string[];
    readonly insecureNetworks: readonly string[];
    readonly mirrors: readonly string[];
  };
  readonly proxies: { readonly http: string; readonly https: string; readonly no: string };
  readonly ipv4Forwarding: boolean;
  readonly warnings: readonly string[];
}
