import type { Network } from '../../../engine/index.ts';
import { rfc3339 } from '../timestamp.ts';

/** A network as `docker network inspect` shows it; lists leave the containers out. */
export function networkView(network: Network, { withContainers = true } = {}): unknown {
  const { ipam } = network;
  return {
    Name: network.name,
    Id: network.id,
    Created: rfc3339(network.createdAtMs),
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: network.enableIPv6,
    IPAM: {
      Driver: ipam.driver,
      Options: ipam.options ?? null,
      Config:
        ipam.config.length === 0
          ? null
          : ipam.config.map(({ subnet, gateway, ipRange }) => ({
              Subnet: subnet,
              ...(ipRange && { IPRange: ipRange }),
              ...(gateway && { Gateway: gateway }),
            })),
    },
    Internal: network.internal,
    Attachable: network.attachable,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: withContainers ? containersView(network) : {},
    Options: network.options,
    Labels: network.labels,
  };
}

function containersView({ attachments }: Network): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attachments).map(([id, { name, endpointId, macAddress, ipv4, ipv6 }]) => [
      id,
      {
        Name: name,
        EndpointID: endpointId,
        MacAddress: macAddress,
        IPv4Address: ipv4,
        IPv6Address: ipv6,
      },
    ]),
  );
}
