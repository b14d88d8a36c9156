import { errorMessage } from '../../core/index.ts';
import { formatAddress, formatPrefix, type Netlink } from '../../linux/index.ts';
import { type DnsServerOptions, openDnsServer } from './dns/dns-server.ts';
import type { Firewall } from './firewall/firewall.ts';
import type { BridgeRules, PortRule } from './firewall/ruleset.ts';
import { ensureBridge, removeBridge } from './kernel-bridge.ts';
import { bridgeOptions, type NetworkRecord, subnetOf, subnetsOf } from './network-record.ts';
import type { NetworkState } from './network-registry.ts';

/** Bridge networks as the machine has them: interface, rules and a DNS server each. */
export interface RaisedNetworks {
  /** Makes what is missing of it, all or nothing. A network without a bridge has nothing to raise. */
  raise(network: NetworkState): Promise<void>;
  /** Takes it all away; idempotent. */
  lower(network: NetworkState): Promise<void>;
  /** Stops the DNS servers; interfaces and rules stay for the containers that use them. */
  abandon(): Promise<void>;
}

const dnsPort = 53;

export function createRaisedNetworks(options: {
  netlink: Netlink;
  firewall: Firewall;
  dns: Pick<DnsServerOptions, 'names' | 'forward' | 'upstreams'>;
  warn: (message: string) => void;
}): RaisedNetworks {
  const { netlink, firewall, warn } = options;
  const servers = new Map<string, AsyncDisposable>();

  /** The network works without names: what fails here is told, not thrown. */
  async function startDns({ id, name }: NetworkRecord, address: string): Promise<void> {
    try {
      const server = await openDnsServer({ address, networkName: name, ...options.dns });
      const redirect = redirectDns(address, server.port);
      await firewall.add({ ports: redirect });
      servers.set(id, {
        async [Symbol.asyncDispose]() {
          await server[Symbol.asyncDispose]();
          await firewall.remove({ ports: redirect });
        },
      });
    } catch (error) {
      warn(`serve names on network ${name}: listen on ${address}:53: ${errorMessage(error)}`);
    }
  }

  async function raise(network: NetworkState): Promise<void> {
    const { record } = network;
    if (record.driver !== 'bridge') return;
    await using undo = new AsyncDisposableStack();
    const { index, created } = await ensureBridge(netlink, record);
    if (created) undo.defer(() => removeBridge(netlink, record.bridgeName));
    network.bridgeIndex = index;
    const rules = { bridges: [bridgeRules(record)] };
    await firewall.add(rules);
    undo.defer(() => firewall.remove(rules));
    const gateway = subnetOf(record, 4)?.gateway;
    if (gateway) await startDns(record, formatAddress(gateway));
    undo.move();
  }

  async function lower(network: NetworkState): Promise<void> {
    const { record } = network;
    if (record.driver !== 'bridge') return;
    // From here on no container finds a place on it.
    network.bridgeIndex = 0;
    await servers.get(record.id)?.[Symbol.asyncDispose]();
    servers.delete(record.id);
    await firewall.remove({ bridges: [bridgeRules(record)] });
    await removeBridge(netlink, record.bridgeName);
  }

  return {
    raise,
    lower,
    async abandon() {
      await Promise.all([...servers.values()].map((server) => server[Symbol.asyncDispose]()));
      servers.clear();
    },
  };
}

function bridgeRules(record: NetworkRecord): BridgeRules {
  const { masquerade, betweenContainers } = bridgeOptions(record);
  return {
    bridgeName: record.bridgeName,
    subnets: subnetsOf(record).map(({ prefix }) => ({
      family: prefix.family,
      prefix: formatPrefix(prefix),
    })),
    internal: record.internal,
    masquerade,
    betweenContainers,
  };
}

/** Where another program has port 53 of all addresses, ours goes by the firewall to another one. */
function redirectDns(address: string, port: number): PortRule[] {
  if (port === dnsPort) return [];
  return (['udp', 'tcp'] as const).map((protocol) => ({
    family: 4,
    protocol,
    hostAddress: address,
    hostPort: dnsPort,
    address,
    port,
  }));
}
