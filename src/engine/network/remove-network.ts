import { forbidden } from '../../core/index.ts';
import { isBuiltIn } from './network-record.ts';
import type { NetworkRegistry, NetworkState } from './network-registry.ts';
import type { RaisedNetworks } from './raised-networks.ts';

/** `Networks.remove`: kernel first, so that a crash leaves a record that a start makes whole. */
export async function removeNetwork(
  ref: string,
  by: { registry: NetworkRegistry; raised: RaisedNetworks },
): Promise<NetworkState> {
  const network = by.registry.find(ref);
  const { name, id } = network.record;
  if (isBuiltIn(name)) throw forbidden(`${name} is a pre-defined network and cannot be removed`);
  if (network.attached.size > 0) {
    const holders = [...network.attached.values()].map(
      ({ containerName, endpoint }) => `name:"${containerName}" id:"${endpoint.id.slice(0, 12)}"`,
    );
    throw forbidden(
      `error while removing network: network ${name} has active endpoints (${holders.join(', ')})`,
    );
  }
  await by.raised.lower(network);
  by.registry.delete(id);
  return network;
}
