import { randomId } from '../../core/index.ts';
import {
  formatAddress,
  formatPrefix,
  type IpPrefix,
  listLinks,
  listRoutes,
  type Netlink,
  overlap,
  parseCidr,
} from '../../linux/index.ts';
import { firstAddress } from './ipam/address-pool.ts';
import { chooseSubnet, type SubnetPool } from './ipam/subnets.ts';
import { type NetworkRecord, subnetOf, subnetsOf } from './network-record.ts';
import type { NetworkRegistry } from './network-registry.ts';

/** What an operator says of the built-in bridge. */
export interface BridgeSettings {
  /** Its interface, which tells the daemons of one machine apart. */
  readonly name: string;
  /** Such as `10.7.0.0/24`, or `10.7.0.1/24` with the gateway's address; else a free one is chosen. */
  readonly subnet?: string;
}

/** Keeps a record of each built-in network; ids stay the same for the life of the database. */
export function keepHostAndNone(registry: NetworkRegistry, now: () => number): void {
  for (const [name, driver] of [
    ['host', 'host'],
    ['none', 'null'],
  ] as const) {
    if (!registry.findByName(name)) registry.put(builtIn(name, driver, now()));
  }
}

/**
 * The record of the built-in bridge for this start: with the operator's subnet, or the one it had
 * as long as nothing else on the machine uses it, or a free one.
 */
export async function keepBridge(
  registry: NetworkRegistry,
  settings: BridgeSettings,
  by: { netlink: Netlink; pools: readonly SubnetPool[]; now: () => number; inUse: boolean },
): Promise<void> {
  const known = registry.findByName('bridge')?.record;
  const others = await prefixesElsewhere(by.netlink, settings.name);
  const ours = registry
    .list()
    .filter(({ record }) => record.name !== 'bridge')
    .flatMap(({ record }) => subnetsOf(record).map(({ prefix }) => prefix));
  const last = known && subnetOf(known, 4);
  const isFree = last && !others.some((other) => overlap(other, last.prefix));
  let subnet = last?.prefix;
  let gateway = last?.gateway;
  if (settings.subnet) {
    const given = parseCidr(settings.subnet);
    subnet = given.prefix;
    const names = given.address.value === subnet.value ? firstAddress(subnet) : given.address;
    gateway = names;
  } else if (!subnet || !(isFree || by.inUse)) {
    subnet = chooseSubnet(by.pools, [...others, ...ours]);
    gateway = firstAddress(subnet);
  }
  registry.put({
    ...(known ?? builtIn('bridge', 'bridge', by.now())),
    bridgeName: settings.name,
    ipam: {
      driver: 'default',
      config: [{ subnet: formatPrefix(subnet), gateway: formatAddress(gateway!) }],
    },
    options: defaultOptions(settings.name),
  });
}

/** Everything the machine can reach but by its default route, except over one interface. */
export async function prefixesElsewhere(netlink: Netlink, except = ''): Promise<IpPrefix[]> {
  const links = await listLinks(netlink);
  const index = links.find(({ name }) => name === except)?.index;
  return (await listRoutes(netlink))
    .filter(({ destination, linkIndex }) => destination.length > 0 && linkIndex !== index)
    .map(({ destination }) => destination);
}

function builtIn(
  name: string,
  driver: NetworkRecord['driver'],
  createdAtMs: number,
): NetworkRecord {
  return {
    id: randomId(),
    name,
    createdAtMs,
    driver,
    internal: false,
    attachable: false,
    enableIPv6: false,
    ipam: { driver: 'default', config: [] },
    options: {},
    labels: {},
    bridgeName: '',
    chosenSubnet: false,
  };
}

/** What `docker network inspect bridge` shows. */
function defaultOptions(name: string): Record<string, string> {
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': 'true',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    'com.docker.network.bridge.name': name,
    'com.docker.network.driver.mtu': '1500',
  };
}
