import { shortId } from '../../../core/index.ts';

/** A container on a network, as the DNS server knows it. */
export interface NamedEndpoint {
  readonly containerId: string;
  readonly containerName: string;
  readonly networkName: string;
  /** On a network with a way out; one that is only on internal ones asks no outside server. */
  readonly external: boolean;
  /** Its aliases on this network. */
  readonly aliases: readonly string[];
  /** What it calls others: alias to the name or id of a container. */
  readonly links: ReadonlyMap<string, string>;
  readonly ipv4: string;
  /** Empty without IPv6. */
  readonly ipv6: string;
  /** Servers for names that are none of ours (`--dns`); empty: the machine's own. */
  readonly upstreams: readonly string[];
}

/** Names and addresses of the containers of every network. */
export interface NameIndex {
  add(endpoint: NamedEndpoint): void;
  remove(endpoint: NamedEndpoint): void;
  /** The endpoint that has this address on a network. */
  at(networkName: string, address: string): NamedEndpoint | undefined;
  /** All endpoints of a container. */
  of(containerId: string): readonly NamedEndpoint[];
  /**
   * Who answers to `name` (any case, no final dot) for a container: one of the containers on its
   * networks by name, alias, id, short id, `name.network`, or by a link of its own.
   */
  resolve(asker: string, name: string): readonly NamedEndpoint[];
  /** Who has the address, among the containers the asker shares a network with. */
  reverse(asker: string, address: string): NamedEndpoint | undefined;
}

interface OneNetwork {
  byName: Map<string, Set<NamedEndpoint>>;
  byAddress: Map<string, NamedEndpoint>;
}

export function createNameIndex(): NameIndex {
  const networks = new Map<string, OneNetwork>();
  const containers = new Map<string, Set<NamedEndpoint>>();
  const of = (containerId: string) => [...(containers.get(containerId) ?? [])];

  function onNetworksOf<T>(asker: string, find: (network: OneNetwork) => Iterable<T>): T[] {
    return of(asker).flatMap(({ networkName }) => {
      const network = networks.get(networkName);
      return network ? [...find(network)] : [];
    });
  }
  function resolve(asker: string, name: string): NamedEndpoint[] {
    const wanted = name.toLowerCase();
    const linked = of(asker).flatMap(({ links }) => links.get(wanted) ?? []);
    for (const target of [...linked, wanted]) {
      const lower = target.toLowerCase();
      const found = onNetworksOf(asker, ({ byName }) => byName.get(lower) ?? []);
      if (found.length > 0) return found;
    }
    return [];
  }

  return {
    add(endpoint) {
      const network = networks.get(endpoint.networkName) ?? {
        byName: new Map(),
        byAddress: new Map(),
      };
      networks.set(endpoint.networkName, network);
      for (const name of namesOf(endpoint)) addTo(network.byName, name, endpoint);
      for (const address of addressesOf(endpoint)) network.byAddress.set(address, endpoint);
      addTo(containers, endpoint.containerId, endpoint);
    },
    remove(endpoint) {
      const network = networks.get(endpoint.networkName);
      if (!network) return;
      for (const name of namesOf(endpoint)) removeFrom(network.byName, name, endpoint);
      for (const address of addressesOf(endpoint)) {
        if (network.byAddress.get(address) === endpoint) network.byAddress.delete(address);
      }
      if (network.byName.size === 0) networks.delete(endpoint.networkName);
      removeFrom(containers, endpoint.containerId, endpoint);
    },
    at: (networkName, address) => networks.get(networkName)?.byAddress.get(address),
    of,
    resolve,
    reverse(asker, address) {
      const [found] = onNetworksOf(asker, ({ byAddress }) => {
        const endpoint = byAddress.get(address);
        return endpoint ? [endpoint] : [];
      });
      return found;
    },
  };
}

function namesOf(endpoint: NamedEndpoint): Set<string> {
  const { containerId, containerName, aliases, networkName } = endpoint;
  const names = [containerName, ...aliases, shortId(containerId), containerId];
  return new Set(
    names.flatMap((name) => [name, `${name}.${networkName}`]).map((name) => name.toLowerCase()),
  );
}

const addressesOf = ({ ipv4, ipv6 }: NamedEndpoint): string[] =>
  [ipv4, ipv6].filter((address) => address !== '');

function addTo<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(value));
}

function removeFrom<T>(sets: Map<string, Set<T>>, key: string, value: T): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
