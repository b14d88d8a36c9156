import { formatAddress, type IpAddress, parseAddress } from '../../../linux/index.ts';
import { bridgeOptions, subnetOf, subnetsOf } from '../network-record.ts';
import type { NetworkState } from '../network-registry.ts';
import type { ContainerNetwork, EndpointRequest } from '../networks.ts';
import { type Endpoint, gatewayEndpoint, inOrder } from './endpoint.ts';
import type { Publication } from './publication.ts';
import type { Wire } from './wiring.ts';

/** A container and all it holds of its networks. */
export interface Attachment {
  request: EndpointRequest;
  /** '' on the machine's own network. */
  readonly namespacePath: string;
  /** By network id. */
  readonly places: Map<string, Place>;
  publication?: Publication;
}

export interface Place {
  readonly network: NetworkState;
  readonly endpoint: Endpoint;
  /** Interface on the machine's side; empty when it is not known or there is none. */
  readonly hostName: string;
}

const mostNameservers = 3;

export function viewOf(attachment: Attachment): ContainerNetwork {
  const places = orderedPlaces(attachment);
  return {
    namespacePath: attachment.namespacePath,
    endpoints: Object.fromEntries(
      places.map(({ network, endpoint }) => [network.record.name, endpoint.settings]),
    ),
    ports: attachment.publication?.ports ?? [],
    nameservers: places
      .flatMap(({ network }) => subnetOf(network.record, 4)?.gateway ?? [])
      .slice(0, mostNameservers)
      .map(formatAddress),
  };
}

export function orderedPlaces({ places }: Attachment): Place[] {
  const named = [...places.values()].map((place) => ({
    name: place.network.record.name,
    settings: place.endpoint.settings,
    place,
  }));
  return inOrder(named).map(({ place }) => place);
}

/** The place whose address ports lead to. */
export function publishingPlace(attachment: Attachment): Place | undefined {
  const endpoint = gatewayEndpoint([...attachment.places.values()].map((place) => place.endpoint));
  return endpoint && attachment.places.get(endpoint.network.id);
}

/** Where the default routes lead: by IPv4 and, when a network has it, by IPv6. */
export function gatewaysOf(attachment: Attachment): IpAddress[] {
  const outward = orderedPlaces(attachment).map(({ endpoint }) => endpoint.settings);
  const first = (key: 'Gateway' | 'IPv6Gateway') => outward.find((s) => s[key])?.[key];
  return [first('Gateway'), first('IPv6Gateway')].flatMap((text) =>
    text ? [parseAddress(text)] : [],
  );
}

/** What the kernel is to make of a place. */
export function wireOf(attachment: Attachment, { network, endpoint, hostName }: Place): Wire {
  const { record, bridgeIndex } = network;
  const { settings, interfaceName } = endpoint;
  const options = bridgeOptions(record);
  return {
    hostName,
    bridgeIndex,
    name: interfaceName,
    macAddress: settings.MacAddress!,
    addresses: subnetsOf(record).flatMap(({ prefix }) => {
      const text = prefix.family === 4 ? settings.IPAddress : settings.GlobalIPv6Address;
      return text ? [{ address: parseAddress(text), prefix }] : [];
    }),
    mtu: options.mtu,
    isolated: !options.betweenContainers,
    reachesItself: (attachment.publication?.ports.length ?? 0) > 0,
  };
}

/** The first of eth0, eth1 and so on that the container does not have yet. */
export function freeInterfaceName({ places }: Attachment, { record }: NetworkState): string {
  const prefix = bridgeOptions(record).interfacePrefix;
  const used = new Set([...places.values()].map(({ endpoint }) => endpoint.interfaceName));
  let number = 0;
  while (used.has(`${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}
