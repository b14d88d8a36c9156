import { invalid } from '../../core/index.ts';
import type { Container } from '../containers/container.ts';
import { containerCapabilities } from './capabilities.ts';
import {
  type DeviceGrant,
  defaultDeviceRules,
  everyDevice,
  parseDeviceRule,
  ruleOf,
} from './devices.ts';
import { containerEnvironment, mergeEnvironment } from './environment.ts';
import { gpuSupport } from './gpus.ts';
import type { HostFacts } from './host-facts.ts';
import { type BundleMount, bundleMounts } from './mounts.ts';
import { maskedPaths, readonlyPaths } from './paths.ts';
import { containerResources, containerRlimits } from './resources.ts';
import { containerSeccomp, parseSecurityOptions, type SecurityOptions } from './security.ts';
import type { OciNamespace, OciSpec, OciUser } from './spec.ts';

/** A namespace that is the host's, another container's (by path), or the container's own. */
export type NamespaceChoice = 'host' | 'own' | { readonly path: string };

export interface NamespaceChoices {
  readonly network: NamespaceChoice;
  readonly ipc: NamespaceChoice;
  readonly pid: NamespaceChoice;
  readonly uts: NamespaceChoice;
  readonly cgroup: NamespaceChoice;
}

/** All that decides what a container's process gets, found and checked beforehand. */
export interface BundleInput {
  readonly container: Pick<Container, 'id' | 'config' | 'hostConfig' | 'argv'>;
  readonly rootPath: string;
  /** Volumes, binds, tmpfs and the network's files; sources exist. */
  readonly mounts: readonly BundleMount[];
  readonly namespaces: NamespaceChoices;
  readonly user: OciUser;
  /** Nodes of `--device`, or all of the host's for a privileged container. */
  readonly devices: readonly DeviceGrant[];
  readonly hostname: string;
  /** Variables of linked containers. */
  readonly linkEnvironment?: readonly string[];
  /** Whether the runtime has systemd make its cgroups. */
  readonly systemdCgroup?: boolean;
  readonly host: HostFacts;
}

const initPath = '/sbin/docker-init';
/** Where cgroups of containers lie that name no other place. */
export const defaultCgroupParent = '/berth';

/**
 * The OCI configuration of a container, as Docker writes it (moby, daemon/oci_linux.go). Pure.
 * Throws `invalid` for settings this machine cannot serve.
 */
export function buildBundle(input: BundleInput): OciSpec {
  const { container, host, namespaces } = input;
  const { config, hostConfig } = container;
  const privileged = hostConfig.Privileged === true;
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const bounding = containerCapabilities(
    { add: hostConfig.CapAdd, drop: hostConfig.CapDrop, privileged },
    host.capabilities,
  );
  const gpus = gpuSupport(hostConfig.DeviceRequests ?? [], host.nvidiaHookPath);
  const init = initOf(input);
  const readOnlyRoot = hostConfig.ReadonlyRootfs === true;
  const seccomp = containerSeccomp(security, {
    host,
    privileged,
    capabilities: bounding,
  });
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: config.Tty === true,
      ...consoleSize(input),
      user: input.user,
      args: [...init.args, ...container.argv],
      env: environmentOf(input, gpus.env),
      cwd: config.WorkingDir || '/',
      capabilities: { bounding, effective: bounding, permitted: bounding },
      rlimits: containerRlimits(hostConfig.Ulimits, host.mostOpenFiles),
      noNewPrivileges: security.noNewPrivileges,
      ...apparmor(security, privileged, host),
      oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
    },
    root: { path: input.rootPath, readonly: readOnlyRoot },
    ...(namespaces.uts !== 'host' && { hostname: input.hostname }),
    mounts: bundleMounts({
      own: [...input.mounts, ...init.mounts],
      shmSizeBytes: hostConfig.IpcMode === 'none' ? undefined : (hostConfig.ShmSize ?? 0),
      readOnlyRoot,
      privileged,
    }),
    ...(gpus.hooks.length > 0 && { hooks: { prestart: gpus.hooks } }),
    ...(hostConfig.Annotations && { annotations: hostConfig.Annotations }),
    linux: {
      cgroupsPath: cgroupsPath(input),
      namespaces: namespaceList(namespaces),
      devices: input.devices.map(({ device }) => device),
      resources: { ...containerResources(hostConfig), devices: deviceRules(input) },
      sysctl: sysctls(input),
      ...(seccomp && { seccomp }),
      ...(!privileged && {
        maskedPaths: hostConfig.MaskedPaths ?? [...maskedPaths, ...host.thermalPaths],
        readonlyPaths: hostConfig.ReadonlyPaths ?? readonlyPaths,
      }),
      ...rootPropagation(input.mounts),
    },
  };
}

/** `--init` puts a small init before the program, but only where that is process 1. */
function initOf({ container, namespaces, host }: BundleInput): {
  args: string[];
  mounts: BundleMount[];
} {
  if (!container.hostConfig.Init || namespaces.pid !== 'own') return { args: [], mounts: [] };
  if (!host.initPath) {
    throw invalid('exec: "docker-init": executable file not found in $PATH');
  }
  const mount: BundleMount = {
    kind: 'bind',
    source: host.initPath,
    destination: initPath,
    readOnly: true,
    propagation: '',
    nonRecursive: true,
  };
  return { args: [initPath, '--'], mounts: [mount] };
}

function environmentOf(input: BundleInput, gpuVariables: readonly string[]): string[] {
  const { config } = input.container;
  const env = containerEnvironment({
    hostname: input.hostname,
    terminal: config.Tty === true,
    links: input.linkEnvironment,
    own: config.Env ?? [],
  });
  return mergeEnvironment(env, gpuVariables);
}

function consoleSize({ container }: BundleInput): {
  consoleSize?: { height: number; width: number };
} {
  const [height = 0, width = 0] = container.hostConfig.ConsoleSize ?? [];
  if (!container.config.Tty || height === 0 || width === 0) return {};
  return { consoleSize: { height, width } };
}

function apparmor(
  { apparmorProfile }: SecurityOptions,
  privileged: boolean,
  host: HostFacts,
): { apparmorProfile?: string } {
  if (!host.apparmor) return {};
  const chosen = apparmorProfile ?? (privileged ? 'unconfined' : 'docker-default');
  return { apparmorProfile: chosen };
}

function cgroupsPath({ container, systemdCgroup }: BundleInput): string {
  const parent = container.hostConfig.CgroupParent;
  if (systemdCgroup) return `${parent || 'system.slice'}:berth:${container.id}`;
  return `${parent || defaultCgroupParent}/${container.id}`;
}

function namespaceList(choices: NamespaceChoices): OciNamespace[] {
  const list: OciNamespace[] = [{ type: 'mount' }];
  for (const type of ['network', 'uts', 'pid', 'ipc', 'cgroup'] as const) {
    const choice = choices[type];
    if (choice === 'host') continue;
    list.push(choice === 'own' ? { type } : { type, path: choice.path });
  }
  return list;
}

function deviceRules({ container, devices }: BundleInput) {
  const { Privileged, DeviceCgroupRules = [] } = container.hostConfig;
  if (Privileged) return everyDevice;
  return [
    ...defaultDeviceRules,
    ...devices.map(ruleOf),
    ...(DeviceCgroupRules ?? []).map(parseDeviceRule),
  ];
}

function sysctls({ container, host }: BundleInput): Record<string, string> {
  const { config, hostConfig } = container;
  const mode = hostConfig.NetworkMode ?? '';
  // A shared network namespace has its owner's settings; runc refuses to change the host's.
  const ownNetwork = mode !== 'host' && !mode.startsWith('container:');
  return {
    ...(ownNetwork && host.networkSysctls),
    // The specification has no field for the NIS domain name that every runtime knows.
    ...(config.Domainname && { 'kernel.domainname': config.Domainname }),
    ...hostConfig.Sysctls,
  };
}

/** The root's own propagation must let through what a mount inside asks for. */
function rootPropagation(mounts: readonly BundleMount[]): { rootfsPropagation?: string } {
  const asked = mounts.map((mount) => (mount.kind === 'bind' ? mount.propagation : ''));
  if (asked.some((name) => name === 'shared' || name === 'rshared')) {
    return { rootfsPropagation: 'shared' };
  }
  if (asked.some((name) => name === 'slave' || name === 'rslave')) {
    return { rootfsPropagation: 'rslave' };
  }
  return {};
}
