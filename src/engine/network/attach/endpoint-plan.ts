import { forbidden, invalid, randomId, shortId } from '../../../core/index.ts';
import { formatAddress, type IpAddress, parseAddress } from '../../../linux/index.ts';
import type { EndpointSettings } from '../../containers/container-config.ts';
import type { NamedEndpoint } from '../dns/name-index.ts';
import { macAddressOf, type NetworkRecord, subnetOf } from '../network-record.ts';
import type { NetworkState } from '../network-registry.ts';
import type { EndpointRequest } from '../networks.ts';
import { type Endpoint, parseLinks } from './endpoint.ts';

const macPattern = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/;

type Asker = Pick<EndpointRequest, 'containerId' | 'containerName' | 'hostname' | 'dns'>;

/**
 * Takes addresses on a network for a container and writes down all that follows from them. The
 * caller gives them back by `releaseEndpoint`. `settings` with addresses filled in (a container
 * that is adopted) get the same ones again. Throws in Docker's words; then nothing is taken.
 */
export function claimEndpoint(
  network: NetworkState,
  container: Asker,
  settings: EndpointSettings,
  interfaceName: string,
): Endpoint {
  const { record } = network;
  const id = settings.EndpointID || randomId();
  const basic = { ...settings, NetworkID: record.id, EndpointID: id };
  if (record.driver !== 'bridge') {
    return { network: record, id, settings: basic, interfaceName: '' };
  }
  const macAddress = settings.MacAddress?.toLowerCase().replaceAll('-', ':');
  if (macAddress && !macPattern.test(macAddress)) {
    throw invalid(`invalid MAC address: ${settings.MacAddress}`);
  }
  const ipv4 = claimAddress(network, 4, settings)!;
  let ipv6: IpAddress | undefined;
  try {
    ipv6 = claimAddress(network, 6, settings);
  } catch (error) {
    network.pools.get(4)!.give(ipv4);
    throw error;
  }
  const { containerId, containerName, hostname } = container;
  const names = [containerName, ...(settings.Aliases ?? []), shortId(containerId), hostname];
  const given: EndpointSettings = {
    ...basic,
    ...addressSettings(record, ipv4, ipv6),
    MacAddress: macAddress || macAddressOf(ipv4),
    DNSNames: [...new Set(names.filter((name) => name !== ''))],
  };
  return {
    network: record,
    id,
    settings: given,
    interfaceName,
    named: nameEndpoint(record, container, given),
  };
}

/**
 * The settings without what an earlier run was given, so that a container that starts again takes
 * what is free now. A MAC that follows from the earlier address was given too.
 */
export function askedOf(settings: EndpointSettings): EndpointSettings {
  const { IPAMConfig, Links, Aliases, MacAddress, DriverOpts, GwPriority, IPAddress } = settings;
  const wasGiven = MacAddress && IPAddress && MacAddress === macAddressOf(parseAddress(IPAddress));
  return {
    IPAMConfig,
    Links,
    Aliases,
    DriverOpts,
    ...(GwPriority !== undefined && { GwPriority }),
    ...(MacAddress && !wasGiven && { MacAddress }),
  };
}

/** Gives the endpoint's addresses back; idempotent. */
export function releaseEndpoint(network: NetworkState, { settings }: Endpoint): void {
  for (const text of [settings.IPAddress, settings.GlobalIPv6Address]) {
    if (!text) continue;
    const address = parseAddress(text);
    network.pools.get(address.family)?.give(address);
  }
}

function claimAddress(
  { record, pools }: NetworkState,
  family: 4 | 6,
  settings: EndpointSettings,
): IpAddress | undefined {
  const pool = pools.get(family);
  const established = family === 4 ? settings.IPAddress : settings.GlobalIPv6Address;
  const { IPv4Address, IPv6Address } = settings.IPAMConfig ?? {};
  const wanted = family === 4 ? IPv4Address : IPv6Address;
  if (wanted && !record.chosenSubnet) {
    throw invalid(
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    );
  }
  if (wanted && !pool) {
    throw invalid(`no configured subnet or ip-range contain the IP address ${wanted}`);
  }
  const text = established || wanted;
  if (!text) return pool?.take();
  const address = parseAddress(text);
  if (address.family !== family) throw forbidden(`invalid IPv${family} address: ${text}`);
  return pool?.take(address);
}

function addressSettings(
  record: NetworkRecord,
  ipv4: IpAddress,
  ipv6: IpAddress | undefined,
): EndpointSettings {
  const subnet4 = subnetOf(record, 4)!;
  const subnet6 = subnetOf(record, 6);
  return {
    Gateway: record.internal ? '' : formatAddress(subnet4.gateway),
    IPAddress: formatAddress(ipv4),
    IPPrefixLen: subnet4.prefix.length,
    IPv6Gateway: ipv6 && subnet6 && !record.internal ? formatAddress(subnet6.gateway) : '',
    GlobalIPv6Address: ipv6 ? formatAddress(ipv6) : '',
    GlobalIPv6PrefixLen: (ipv6 && subnet6?.prefix.length) ?? 0,
  };
}

function nameEndpoint(
  record: NetworkRecord,
  container: Asker,
  settings: EndpointSettings,
): NamedEndpoint {
  return {
    containerId: container.containerId,
    containerName: container.containerName,
    networkName: record.name,
    external: !record.internal,
    aliases: [...(settings.Aliases ?? []), container.hostname].filter((name) => name !== ''),
    links: parseLinks(settings.Links),
    ipv4: settings.IPAddress ?? '',
    ipv6: settings.GlobalIPv6Address ?? '',
    upstreams: container.dns ?? [],
  };
}
