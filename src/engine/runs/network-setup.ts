import { readFile, writeFile } from 'node:fs/promises';
import { hostname as machineName } from 'node:os';
import { invalid } from '../../core/index.ts';
import type { BundleMount } from '../bundle/mounts.ts';
import { hostsFile, parseResolvConf, resolvConf } from '../bundle/network-files.ts';
import type { ContainerRecord } from '../containers/container-record.ts';
import { portRequests } from '../containers/port-requests.ts';
import { isAlive } from '../containers/transition.ts';
import { type ContainerPaths, containerPaths, type EngineParts } from '../engine-parts.ts';
import type { ContainerNetwork, EndpointRequest } from '../network/networks.ts';
import { joinedContainer } from './namespaces.ts';

/** What `Networks` is asked to give a container; undefined when it has another one's network. */
export function endpointRequest(record: ContainerRecord): EndpointRequest | undefined {
  const { id, name, config, hostConfig, askedEndpoints: endpoints } = record;
  if (joinedContainer(hostConfig.NetworkMode) !== undefined) return undefined;
  return {
    containerId: id,
    containerName: name,
    hostname: config.Hostname ?? '',
    endpoints: config.NetworkDisabled ? { none: {} } : endpoints,
    ports: portRequests(config, hostConfig),
    ...(hostConfig.Dns?.length && { dns: hostConfig.Dns }),
  };
}

/** Host name, hosts and resolv.conf of a container, and the variables of its links. */
export interface NetworkIdentity {
  readonly hostname: string;
  readonly mounts: readonly BundleMount[];
  readonly linkEnvironment: readonly string[];
}

/** Writes the files of a container's network and gives their mounts. */
export async function writeNetworkFiles(
  parts: EngineParts,
  record: ContainerRecord,
  network: ContainerNetwork | undefined,
): Promise<NetworkIdentity> {
  const paths = containerPaths(parts.paths, record.id);
  const other = joinedContainer(record.hostConfig.NetworkMode);
  if (other !== undefined) {
    const donor = parts.table.find(other);
    const theirs = containerPaths(parts.paths, donor.id);
    const hostname = donor.config.Hostname ?? '';
    return { hostname, mounts: fileMounts(theirs, record), linkEnvironment: [] };
  }
  const isHost = record.hostConfig.NetworkMode === 'host';
  const hostname = record.config.Hostname || (isHost ? machineName() : '');
  const links = linkedContainers(parts, record);
  await Promise.all([
    writeFile(paths.hostnamePath, `${hostname}\n`),
    writeFile(paths.hostsPath, await hostsOf(record, network, hostname, links)),
    writeFile(paths.resolvConfPath, await resolvConfOf(record, network)),
  ]);
  return {
    hostname,
    mounts: fileMounts(paths, record),
    linkEnvironment: links.flatMap((link) => linkVariables(link, record.name)),
  };
}

function fileMounts(paths: ContainerPaths, { hostConfig }: ContainerRecord): BundleMount[] {
  const files = [
    [paths.resolvConfPath, '/etc/resolv.conf'],
    [paths.hostnamePath, '/etc/hostname'],
    [paths.hostsPath, '/etc/hosts'],
  ] as const;
  const readOnly = hostConfig.ReadonlyRootfs === true;
  return files.map(([source, destination]) => ({
    kind: 'bind',
    source,
    destination,
    readOnly,
    propagation: 'rprivate',
  }));
}

async function hostsOf(
  record: ContainerRecord,
  network: ContainerNetwork | undefined,
  hostname: string,
  links: readonly Link[],
): Promise<string> {
  const { config, hostConfig } = record;
  const added = hostConfig.ExtraHosts ?? [];
  const gateway = Object.values(network?.endpoints ?? {}).find(({ Gateway }) => Gateway)?.Gateway;
  const resolved = added.map((entry) => entry.replace('host-gateway', gateway ?? '127.0.0.1'));
  if (hostConfig.NetworkMode === 'host') {
    const own = await readFile('/etc/hosts', 'utf8').catch(() => hostsFile([]));
    return own + hostsFile([], resolved).slice(hostsFile([]).length);
  }
  const names = config.Domainname ? [`${hostname}.${config.Domainname}`, hostname] : [hostname];
  const own = Object.values(network?.endpoints ?? {})
    .flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address])
    .filter((address) => address !== undefined && address !== '')
    .map((address) => ({ address: address!, names }));
  const linked = links.map(({ alias, target, address }) => ({
    address,
    names: [...new Set([alias, target.config.Hostname ?? '', target.name])].filter(Boolean),
  }));
  return hostsFile([...linked, ...own], resolved);
}

async function resolvConfOf(
  { hostConfig, endpoints }: ContainerRecord,
  network: ContainerNetwork | undefined,
): Promise<string> {
  const machine = parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => ''));
  const given = network?.nameservers ?? [];
  const asked = hostConfig.Dns ?? [];
  const nameservers = given.length > 0 ? given : asked.length > 0 ? asked : machine.nameservers;
  const options = hostConfig.DnsOptions?.length ? hostConfig.DnsOptions : machine.options;
  const isOwnNetwork = Object.keys(endpoints).some((name) => !builtIn.has(name));
  // As Docker: names of one word are asked of the network's own server, not completed first.
  const complete = isOwnNetwork && !options.some((option) => option.startsWith('ndots:'));
  return resolvConf({
    nameservers,
    search: hostConfig.DnsSearch?.length ? hostConfig.DnsSearch : machine.search,
    options: complete ? [...options, 'ndots:0'] : options,
  });
}

const builtIn = new Set(['bridge', 'host', 'none']);

interface Link {
  readonly alias: string;
  readonly target: ContainerRecord;
  readonly address: string;
}

/** `--link NAME:ALIAS`: containers on a network of this one. Throws `invalid` in Docker's words. */
function linkedContainers({ table }: EngineParts, record: ContainerRecord): Link[] {
  const asked = [
    ...(record.hostConfig.Links ?? []),
    ...Object.values(record.endpoints).flatMap(({ Links }) => Links ?? []),
  ];
  return [...new Set(asked)].map((text) => {
    const [name = '', given] = text.split(':');
    const target = table.find(name);
    const alias = (given ?? name).replace(/^.*\//, '');
    if (!isAlive(target.state)) {
      throw invalid(
        `Cannot link to a non running container: /${target.name} AS /${record.name}/${alias}`,
      );
    }
    const shared = Object.keys(record.endpoints).find((key) => target.endpoints[key]?.IPAddress);
    const address = shared && target.endpoints[shared]?.IPAddress;
    if (!address) {
      throw invalid(`Cannot link to /${target.name}, as it does not belong to the default network`);
    }
    return { alias, target, address };
  });
}

/** The variables that a link brings (moby, daemon/links): where the other's ports are, and its own. */
function linkVariables({ alias, target, address }: Link, name: string): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = Object.keys(target.config.ExposedPorts ?? {}).sort(
    (a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
  );
  const variables: string[] = [];
  for (const [index, port] of ports.entries()) {
    const [number = '', protocol = 'tcp'] = port.split('/');
    const url = `${protocol}://${address}:${number}`;
    const one = `${prefix}_PORT_${number}_${protocol.toUpperCase()}`;
    if (index === 0) variables.push(`${prefix}_PORT=${url}`);
    variables.push(`${one}=${url}`, `${one}_ADDR=${address}`);
    variables.push(`${one}_PORT=${number}`, `${one}_PROTO=${protocol}`);
  }
  variables.push(`${prefix}_NAME=/${name}/${alias}`);
  for (const entry of target.config.Env ?? []) {
    if (entry.includes('=') && !/^(HOME|PATH)=/.test(entry))
      variables.push(`${prefix}_ENV_${entry}`);
  }
  return variables;
}
