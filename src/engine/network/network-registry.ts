import { conflict, notFound } from '../../core/index.ts';
import type { Database } from '../../store/index.ts';
import type { Endpoint } from './attach/endpoint.ts';
import { type AddressPool, createAddressPool } from './ipam/address-pool.ts';
import { type NetworkRecord, subnetsOf } from './network-record.ts';
import type { Network } from './networks.ts';

/** A network in operation. */
export interface NetworkState {
  readonly record: NetworkRecord;
  /** Index of its bridge's interface; 0 until it is up, and for `host` and `none`. */
  bridgeIndex: number;
  readonly pools: ReadonlyMap<4 | 6, AddressPool>;
  /** By container id. */
  readonly attached: Map<string, { containerName: string; endpoint: Endpoint }>;
}

/** All networks: the records in the database and what is attached to each. */
export interface NetworkRegistry {
  /** By id, name or unambiguous id prefix. Throws `not-found` in Docker's words. */
  find(ref: string): NetworkState;
  findByName(name: string): NetworkState | undefined;
  list(): readonly NetworkState[];
  /** Keeps the record, in place of one of the same id. Throws `conflict` for a taken name. */
  put(record: NetworkRecord): NetworkState;
  delete(id: string): void;
}

const migrations = [
  'CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT',
];

export function createNetworkRegistry(database: Database, now: () => number): NetworkRegistry {
  database.migrate('network', migrations);
  const { sqlite } = database;
  const states = new Map<string, NetworkState>();
  for (const { record } of sqlite.prepare('SELECT record FROM networks').all()) {
    const state = createState(JSON.parse(String(record)) as NetworkRecord, now);
    states.set(state.record.id, state);
  }
  const findByName = (name: string) => [...states.values()].find((s) => s.record.name === name);

  return {
    find(ref) {
      const exact = states.get(ref) ?? findByName(ref);
      if (exact) return exact;
      const isPrefix = /^[0-9a-f]+$/.test(ref);
      const matches = [...states.keys()].filter((id) => isPrefix && id.startsWith(ref));
      if (matches.length > 1) {
        throw conflict(
          `network ${ref} is ambiguous (${matches.length} matches found based on ID prefix)`,
        );
      }
      const [id] = matches;
      if (id === undefined) throw notFound(`network ${ref} not found`);
      return states.get(id)!;
    },
    findByName,
    list: () => [...states.values()],
    put(record) {
      const holder = findByName(record.name);
      if (holder && holder.record.id !== record.id) {
        throw conflict(`network with name ${record.name} already exists`);
      }
      sqlite
        .prepare('INSERT OR REPLACE INTO networks VALUES (?, ?, ?)')
        .run(record.id, record.name, JSON.stringify(record));
      const state = createState(record, now);
      states.set(record.id, state);
      return state;
    },
    delete(id) {
      sqlite.prepare('DELETE FROM networks WHERE id = ?').run(id);
      states.delete(id);
    },
  };
}

function createState(record: NetworkRecord, now: () => number): NetworkState {
  const pools = new Map(
    subnetsOf(record).map(({ prefix, gateway, range }) => [
      prefix.family,
      createAddressPool({ subnet: prefix, range, reserved: [gateway], now }),
    ]),
  );
  return { record, bridgeIndex: 0, pools, attached: new Map() };
}

/** A network as the API shows it. */
export function viewOf({ record, attached }: NetworkState): Network {
  const { bridgeName: _, chosenSubnet: __, ...network } = record;
  const attachments = Object.fromEntries(
    [...attached].map(([containerId, { containerName, endpoint }]) => {
      const { settings } = endpoint;
      const cidr = (address = '', length = 0) => (address === '' ? '' : `${address}/${length}`);
      return [
        containerId,
        {
          name: containerName,
          endpointId: endpoint.id,
          macAddress: settings.MacAddress ?? '',
          ipv4: cidr(settings.IPAddress, settings.IPPrefixLen),
          ipv6: cidr(settings.GlobalIPv6Address, settings.GlobalIPv6PrefixLen),
        },
      ];
    }),
  );
  return { ...network, attachments };
}
