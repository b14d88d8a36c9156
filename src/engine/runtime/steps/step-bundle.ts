import { buildBundle } from '../../bundle/build-bundle.ts';
import { hostDevices } from '../../bundle/devices.ts';
import type { HostFacts } from '../../bundle/host-facts.ts';
import type { BundleMount } from '../../bundle/mounts.ts';
import type { OciSpec } from '../../bundle/spec.ts';
import { resolveUser, type UserDatabase } from '../../bundle/users.ts';
import type { HostConfig } from '../../containers/container-config.ts';
import type { StepMount, StepRequest } from './step-request.ts';

const defaultShmBytes = 64 << 20;
/** One name for all, so that a step's output does not depend on where it ran. */
const defaultHostname = 'buildkitsandbox';

/** The OCI configuration of a step. Throws `invalid` for a user the root does not know. */
export function stepBundle(
  request: StepRequest,
  place: {
    readonly host: HostFacts;
    readonly database: UserDatabase;
    readonly cgroupParent: string;
    /** Of the namespace made for it; undefined for a new one without interfaces. */
    readonly networkPath?: string;
    readonly hostsPath: string;
    readonly resolvConfPath: string;
  },
): OciSpec {
  const { hostname = defaultHostname } = request;
  const ownNetwork = place.networkPath ? { path: place.networkPath } : ('own' as const);
  const mounts = [
    fileMount(place.resolvConfPath, '/etc/resolv.conf'),
    fileMount(place.hostsPath, '/etc/hosts'),
    ...request.mounts.map(toBundleMount),
  ];
  return buildBundle({
    container: {
      id: request.id,
      argv: request.argv,
      config: {
        Image: '',
        Env: [...request.env],
        WorkingDir: request.cwd,
        Tty: request.terminal !== undefined,
      },
      hostConfig: hostConfigOf(request, place.cgroupParent),
    },
    rootPath: request.rootPath,
    mounts,
    namespaces: {
      network: request.network === 'host' ? 'host' : ownNetwork,
      ipc: 'own',
      pid: 'own',
      uts: 'own',
      cgroup: 'host',
    },
    user: resolveUser(request.user, place.database),
    devices: request.insecure ? hostDevices().map((device) => ({ device, access: 'rwm' })) : [],
    hostname,
    host: place.host,
  });
}

function hostConfigOf(request: StepRequest, cgroupParent: string): HostConfig {
  const { limits = {}, shmSizeBytes = defaultShmBytes } = request;
  return {
    Privileged: request.insecure,
    NetworkMode: request.network === 'host' ? 'host' : 'bridge',
    ShmSize: shmSizeBytes,
    CgroupParent: cgroupParent,
    Memory: limits.memoryBytes,
    MemorySwap: limits.memorySwapBytes ?? (limits.memoryBytes ?? 0) * 2,
    CpuShares: limits.cpuShares,
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpusetCpus: limits.cpusetCpus,
    CpusetMems: limits.cpusetMems,
    Ulimits: limits.ulimits?.map(({ name, soft, hard }) => ({
      Name: name,
      Soft: soft,
      Hard: hard,
    })),
  };
}

function fileMount(source: string, destination: string): BundleMount {
  return { kind: 'bind', source, destination, readOnly: false, propagation: 'rprivate' };
}

function toBundleMount(mount: StepMount): BundleMount {
  const { source, target: destination, readOnly } = mount;
  if (mount.type === 'bind') {
    return { kind: 'bind', source, destination, readOnly, propagation: 'rprivate' };
  }
  const options = [`mode=${(mount.mode ?? 0o1777).toString(8)}`, 'exec'];
  if (mount.sizeBytes !== undefined) options.push(`size=${mount.sizeBytes}`);
  if (readOnly) options.push('ro');
  return { kind: 'tmpfs', destination, options };
}
