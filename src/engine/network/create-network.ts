import { randomId } from '../../core/index.ts';
import { formatAddress, formatPrefix, type Netlink, parseCidr } from '../../linux/index.ts';
import { prefixesElsewhere } from './default-bridge.ts';
import { hostLock } from './host-lock.ts';
import { firstAddress } from './ipam/address-pool.ts';
import { chooseSubnet, type SubnetPool, uniqueLocalSubnet } from './ipam/subnets.ts';
import { bridgeNameOption, subnetsOf } from './network-record.ts';
import type { NetworkRegistry, NetworkState } from './network-registry.ts';
import { checkNetworkRequest, requestedSubnets } from './network-request.ts';
import type { NetworkCreateRequest } from './networks.ts';
import type { RaisedNetworks } from './raised-networks.ts';

/** `Networks.create`, one at a time: record first, so that a crash leaves no bridge without one. */
export async function createNetwork(
  request: NetworkCreateRequest,
  by: {
    registry: NetworkRegistry;
    raised: RaisedNetworks;
    netlink: Netlink;
    pools: readonly SubnetPool[];
    now: () => number;
  },
): Promise<NetworkState> {
  checkNetworkRequest(request);
  const { registry, raised } = by;
  // Between choosing a free subnet and having it, no other daemon of this machine chooses.
  await using _ = await hostLock('subnets');
  const known = registry.list().flatMap(({ record }) => subnetsOf(record));
  const inUse = known.map(({ prefix }) => prefix);
  const config = requestedSubnets(request, inUse);
  const chosenSubnet = config.length > 0;
  const id = randomId();
  const add = (prefix: Parameters<typeof formatPrefix>[0]) =>
    config.push({ subnet: formatPrefix(prefix), gateway: formatAddress(firstAddress(prefix)) });
  const has = (family: 4 | 6) =>
    config.some(({ subnet }) => parseCidr(subnet).prefix.family === family);
  if (!has(4)) add(chooseSubnet(by.pools, [...inUse, ...(await prefixesElsewhere(by.netlink))]));
  if (request.enableIPv6 && !has(6)) add(uniqueLocalSubnet(id));
  const { name, internal = false, attachable = false, enableIPv6 = false, ipam } = request;
  const { options = {}, labels = {} } = request;
  const network = registry.put({
    id,
    name,
    createdAtMs: by.now(),
    driver: 'bridge',
    internal,
    attachable,
    enableIPv6,
    ipam: { driver: 'default', config, ...(ipam?.options && { options: ipam.options }) },
    options,
    labels,
    bridgeName: options[bridgeNameOption] ?? `br-${id.slice(0, 12)}`,
    chosenSubnet,
  });
  try {
    await raised.raise(network);
  } catch (error) {
    registry.delete(id);
    throw error;
  }
  return network;
}
