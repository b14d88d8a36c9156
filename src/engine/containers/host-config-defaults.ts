import type { HostFacts } from '../bundle/host-facts.ts';
import { maskedPaths, readonlyPaths } from '../bundle/paths.ts';
import type { EndpointSettings, HostConfig } from './container-config.ts';

const defaultShmBytes = 64 << 20;

/** The settings with everything filled in that Docker fills in at create, as `inspect` shows them. Pure. */
export function withHostDefaults(
  asked: Readonly<HostConfig>,
  host: Pick<HostFacts, 'cgroupVersion' | 'thermalPaths'>,
  runtime: string,
): HostConfig {
  const { Memory = 0, MemorySwap = 0, Privileged = false } = asked;
  const cgroupns = host.cgroupVersion === 2 ? 'private' : 'host';
  return {
    ...asked,
    NetworkMode: isDefaultNetwork(asked.NetworkMode) ? 'bridge' : asked.NetworkMode,
    IpcMode: asked.IpcMode || 'private',
    CgroupnsMode: asked.CgroupnsMode || cgroupns,
    ShmSize: asked.ShmSize || defaultShmBytes,
    MemorySwap: Memory > 0 && MemorySwap === 0 ? Memory * 2 : MemorySwap,
    RestartPolicy: {
      MaximumRetryCount: 0,
      ...asked.RestartPolicy,
      Name: asked.RestartPolicy?.Name || 'no',
    },
    LogConfig: {
      Type: asked.LogConfig?.Type || 'json-file',
      Config: asked.LogConfig?.Config ?? {},
    },
    Runtime: runtime,
    MaskedPaths: asked.MaskedPaths ?? (Privileged ? null : [...maskedPaths, ...host.thermalPaths]),
    ReadonlyPaths: asked.ReadonlyPaths ?? (Privileged ? null : [...readonlyPaths]),
  };
}

function isDefaultNetwork(mode: string | undefined): boolean {
  return mode === undefined || mode === '' || mode === 'default';
}

/** The networks a container is to be on, by name. `mode` is the one it is started on. Pure. */
export function askedEndpoints(
  mode: string,
  asked: Readonly<Record<string, EndpointSettings>> = {},
  options: { macAddress?: string; nameOf: (network: string) => string },
): Record<string, EndpointSettings> {
  if (mode.startsWith('container:')) return {};
  const name = (network: string) =>
    isDefaultNetwork(network) ? 'bridge' : options.nameOf(network);
  const endpoints = Object.fromEntries(
    Object.entries(asked).map(([network, settings]) => [name(network), settings ?? {}]),
  );
  const first = name(mode);
  const own = endpoints[first] ?? {};
  const macAddress = own.MacAddress || options.macAddress;
  return { ...endpoints, [first]: { ...own, ...(macAddress && { MacAddress: macAddress }) } };
}
