import type { IpAddress, IpPrefix } from '../../linux/index.ts';
import { addressBits, parseAddress, parseCidr } from '../../linux/index.ts';
import type { Network } from './networks.ts';

/** A network as it is kept in the database. */
export interface NetworkRecord extends Omit<Network, 'attachments'> {
  /** Interface of the bridge; empty for `host` and `none`. */
  readonly bridgeName: string;
  /** Whether the user chose the subnet: only then may containers choose their address. */
  readonly chosenSubnet: boolean;
}

const builtInNames = ['bridge', 'host', 'none'] as const;

export function isBuiltIn(name: string): boolean {
  return (builtInNames as readonly string[]).includes(name) || name === 'default';
}

/** One subnet of a network with all that is computed from its texts. */
export interface Subnet {
  readonly prefix: IpPrefix;
  readonly gateway: IpAddress;
  readonly range?: IpPrefix;
}

export function subnetsOf(record: NetworkRecord): readonly Subnet[] {
  return record.ipam.config.map(({ subnet, gateway, ipRange }) => ({
    prefix: parseCidr(subnet).prefix,
    gateway: parseAddress(gateway),
    ...(ipRange && { range: parseCidr(ipRange).prefix }),
  }));
}

export function subnetOf(record: NetworkRecord, family: 4 | 6): Subnet | undefined {
  return subnetsOf(record).find(({ prefix }) => prefix.family === family);
}

/** The words for networks that stand alone. */
export const standsAlone = {
  null: 'container cannot be connected to multiple networks with one of the networks in private (none) mode',
  host: 'container cannot be disconnected from host network or connected to host network',
} as const;

const option = (name: string) => `com.docker.network.${name}`;

/** The bridge driver's options, in Docker's spelling and with Docker's defaults. */
export function bridgeOptions({ options }: Pick<NetworkRecord, 'options'>): {
  betweenContainers: boolean;
  masquerade: boolean;
  /** Where ports without an address are published; '' for everywhere. */
  hostIp: string;
  mtu?: number;
  interfacePrefix: string;
} {
  const mtu = options[option('driver.mtu')];
  const hostIp = options[option('bridge.host_binding_ipv4')] ?? '';
  return {
    betweenContainers: options[option('bridge.enable_icc')] !== 'false',
    masquerade: options[option('bridge.enable_ip_masquerade')] !== 'false',
    hostIp: hostIp === '0.0.0.0' ? '' : hostIp,
    ...(mtu && { mtu: Number(mtu) }),
    interfacePrefix: options[option('container_iface_prefix')] || 'eth',
  };
}

export const bridgeNameOption = option('bridge.name');
export const mtuOption = option('driver.mtu');

/**
 * `02:42` and the IPv4 address, as Docker made them: a container that comes back with its address
 * comes back with its MAC, and no neighbour's cache goes stale.
 */
export function macAddressOf(address: IpAddress): string {
  const last = address.value & 0xffffffffn;
  const hex = last.toString(16).padStart(addressBits(4) / 4, '0');
  return `02:42:${hex.match(/../g)!.join(':')}`;
}
