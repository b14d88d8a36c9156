import { join } from 'node:path';
import { conflict, errorMessage } from '../../core/index.ts';
import { openConntrack, openNetlink, openNftables } from '../../linux/index.ts';
import type { Database } from '../../store/index.ts';
import type { Events } from '../events/events.ts';
import { adoptContainers } from './adopt.ts';
import { viewOf as viewOfAttachment } from './attach/attachment.ts';
import { connect, disconnect } from './attach/connect.ts';
import { renamePlaces } from './attach/place.ts';
import { setUp, tearDown } from './attach/set-up.ts';
import { createWiring } from './attach/wiring.ts';
import type { Workshop } from './attach/workshop.ts';
import { createNetwork } from './create-network.ts';
import { type BridgeSettings, keepBridge, keepHostAndNone } from './default-bridge.ts';
import { createForwarder } from './dns/forwarder.ts';
import { createNameIndex } from './dns/name-index.ts';
import { watchNameservers } from './dns/resolv-conf.ts';
import { createFirewall } from './firewall/firewall.ts';
import { hostLock, tryHostLock } from './host-lock.ts';
import { defaultSubnetPools, type SubnetPool } from './ipam/subnets.ts';
import { isBuiltIn } from './network-record.ts';
import { createNetworkRegistry, type NetworkState, viewOf } from './network-registry.ts';
import type { EndpointRequest, Networks } from './networks.ts';
import { createPortTable } from './ports/port-table.ts';
import { createRelays } from './ports/relays.ts';
import { createRaisedNetworks } from './raised-networks.ts';
import { createReaper } from './reaper.ts';
import { removeNetwork } from './remove-network.ts';
import { createTurns } from './turns.ts';

export interface NetworksOptions {
  readonly database: Database;
  /** The daemon's run folder; namespaces are kept in `netns/` below it. */
  readonly runPath: string;
  readonly bridge: BridgeSettings;
  /** Where subnets are taken from when nobody names one; Docker's pools by default. */
  readonly subnetPools?: readonly SubnetPool[];
  /** The machine's list of DNS servers. */
  readonly resolvConfPath?: string;
  readonly events?: Pick<Events, 'publish'>;
  /** Told what does not work as it should and yet stops nothing. */
  readonly warn?: (message: string) => void;
  readonly now?: () => number;
}

/**
 * The networks of one daemon. Several daemons live on one machine when their bridges have
 * different names. `adopt` must be called before anything is set up. Disposing leaves in the kernel
 * what running containers use; without any it leaves nothing.
 */
export function createNetworks(options: NetworksOptions): Networks & AsyncDisposable {
  const parts = openParts(options);
  const { registry, raised, workshop } = parts;
  const inTurn = createTurns();
  const ofContainer = <T>(id: string, work: () => Promise<T>) => inTurn(`container ${id}`, work);
  const ofNetworks = <T>(work: () => Promise<T>) => inTurn('networks', work);
  const tell = (action: string, { record }: NetworkState) =>
    options.events?.publish({
      type: 'network',
      action,
      actorId: record.id,
      attributes: { name: record.name, type: record.driver },
    });

  return {
    async create(request) {
      const network = await ofNetworks(() => createNetwork(request, parts));
      tell('create', network);
      return { id: network.record.id, warning: '' };
    },
    get: (ref) => viewOf(registry.find(ref)),
    list: () => registry.list().map(viewOf),
    unused: () =>
      registry
        .list()
        .filter(({ record, attached }) => !isBuiltIn(record.name) && attached.size === 0)
        .map(viewOf),
    async remove(ref) {
      tell('destroy', await ofNetworks(() => removeNetwork(ref, { registry, raised })));
    },
    setUp: (request) => ofContainer(request.containerId, () => setUp(workshop, request)),
    tearDown: (id) => ofContainer(id, () => tearDown(workshop, id)),
    connect: (id, network, settings) =>
      ofContainer(id, () => connect(workshop, id, { network, settings })),
    disconnect: (id, network) => ofContainer(id, () => disconnect(workshop, id, network)),
    lookup(id) {
      const attachment = workshop.attachments.get(id);
      return attachment && viewOfAttachment(attachment);
    },
    rename: (id, name) => renamePlaces(workshop, id, name),
    adopt: (running) => ofNetworks(() => adopt(parts, running)),
    [Symbol.asyncDispose]: () => ofNetworks(() => close(parts)),
  };
}

type Parts = ReturnType<typeof openParts>;

function openParts(options: NetworksOptions) {
  const { database, bridge, now = Date.now, warn = () => {}, events } = options;
  const netlink = openNetlink();
  const nft = openNftables();
  const registry = createNetworkRegistry(database, now);
  keepHostAndNone(registry, now);
  const names = createNameIndex();
  const firewall = createFirewall({ nft, table: tableName(bridge.name), now, warn });
  const upstreams = watchNameservers(options.resolvConfPath ?? '/etc/resolv.conf', now);
  const dns = { names, forward: createForwarder(), upstreams };
  const reaper = createReaper(netlink, warn);
  const relays = createRelays({ socketPath: join(options.runPath, 'relays.sock'), warn });
  const workshop: Workshop = {
    registry,
    names,
    firewall,
    portTable: createPortTable(relays),
    wiring: createWiring(netlink),
    conntrack: openConntrack(),
    namespaceFolder: join(options.runPath, 'netns'),
    events,
    reap: reaper.expect,
    warn,
    attachments: new Map(),
  };
  return {
    netlink,
    nft,
    registry,
    firewall,
    reaper,
    relays,
    workshop,
    raised: createRaisedNetworks({ netlink, firewall, dns, warn }),
    pools: options.subnetPools ?? defaultSubnetPools,
    bridge,
    now,
    warn,
    /** Held from `adopt` on: nobody else's daemon has our bridge. */
    locks: new AsyncDisposableStack(),
    adopted: false,
  };
}

/** The table of a daemon; a word of nft's own language would be no name. */
function tableName(bridgeName: string): string {
  return bridgeName.startsWith('berth') ? bridgeName : `berth-${bridgeName}`;
}

async function adopt(parts: Parts, running: readonly EndpointRequest[]): Promise<void> {
  const { registry, raised, bridge, netlink, pools, now, warn } = parts;
  const lock = await tryHostLock(`bridge ${bridge.name}`);
  if (!lock) {
    throw conflict(
      `start networks: bridge ${bridge.name} belongs to another running daemon: choose another name`,
    );
  }
  parts.locks.use(lock);
  parts.adopted = true;
  {
    await using _ = await hostLock('subnets');
    const inUse = running.some(({ established }) => established?.endpoints.bridge);
    await keepBridge(registry, bridge, { netlink, pools, now, inUse });
    await raised.raise(registry.find('bridge'));
  }
  for (const network of registry.list()) {
    if (isBuiltIn(network.record.name)) continue;
    try {
      await raised.raise(network);
    } catch (error) {
      warn(`restore network ${network.record.name}: ${errorMessage(error)}`);
    }
  }
  await adoptContainers(parts.workshop, running, { netlink, warn });
  await parts.relays
    .closeOthers()
    .catch((error) => warn(`close ports nobody has any more: ${errorMessage(error)}`));
}

async function close(parts: Parts): Promise<void> {
  if (parts.locks.disposed) return;
  const { registry, raised, firewall, workshop, reaper } = parts;
  await using last = new AsyncDisposableStack();
  last.use(parts.netlink);
  last.use(parts.nft);
  last.use(workshop.conntrack);
  last.use(parts.locks);
  last.use(workshop.portTable);
  // First of all: ports that are open stay with the process that relays them.
  last.use(parts.relays);
  await reaper.flush();
  if (!parts.adopted) return;
  if (workshop.attachments.size > 0) return raised.abandon();
  for (const network of registry.list()) await raised.lower(network);
  await firewall.clear();
}
