import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ContainerNetwork,
  createNetworks,
  type EndpointRequest,
  type Networks,
  type NetworksOptions,
} from '../../src/engine/index.ts';
import {
  addAddress,
  addBridge,
  addDefaultRoute,
  addToBridge,
  addVeth,
  createNetworkNamespace,
  deleteLink,
  findLink,
  listLinks,
  openNetlink,
  openNftables,
  parseAddress,
  parseCidr,
  removeNetworkNamespace,
  setLinkUp,
} from '../../src/linux/index.ts';
import { type Database, openDatabase } from '../../src/store/index.ts';
import { type Peer, startPeer } from './network-peer.ts';

/** A machine of its own for a test: daemons' folders, containers that are peers, a neighbour. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly warnings: string[];
  readonly events: string[];
  /** Makes the networks of a daemon that has just started. */
  networks(options?: Partial<NetworksOptions>): Networks & AsyncDisposable;
  /** Sets a container up, of the id `idOf(name)`. */
  container(
    networks: Networks,
    name: string,
    request?: Partial<EndpointRequest>,
  ): Promise<{ peer: Peer; network: ContainerNetwork; request: EndpointRequest }>;
  /** Another machine, ...:9 on one wire with ours, ...:1, by which it routes: 192.0.2 and 2001:db8:. */
  neighbour(): Promise<Peer>;
  /** A program of the machine itself. */
  machine(): Peer;
  /** Interfaces, nftables tables and namespaces beyond those the stage itself made. */
  traces(): Promise<{ links: string[]; tables: string[]; namespaces: string[] }>;
}

export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-network-'));
  const netlink = openNetlink();
  const nft = openNftables();
  await netlink.batch([setLinkUp('lo')]);
  const warnings: string[] = [];
  const events: string[] = [];
  const databases: Database[] = [];
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rmSync(folder, { recursive: true }));
  undo.use(netlink);
  undo.use(nft);
  undo.defer(() => {
    for (const database of databases) database[Symbol.dispose]();
  });
  const own = new Set(['lo', 'wire']);

  async function neighbour(): Promise<Peer> {
    const path = join(folder, 'neighbour');
    await netlink.batch([addBridge({ name: 'wire', macAddress: '02:42:c0:00:02:01' })]);
    const { index } = (await findLink(netlink, 'wire'))!;
    await netlink.batch(
      ['192.0.2.1/24', '2001:db8::1/64'].map((text) =>
        addAddress({ linkIndex: index, ...parseCidr(text) }),
      ),
    );
    using inside = createNetworkNamespace(path);
    const namespaceFd = openSync('/proc/thread-self/ns/net', 'r');
    const peer = { name: 'wire-port', namespaceFd };
    const macAddress = '02:42:c0:00:02:09';
    await inside.batch([addVeth({ name: 'eth0', index: 100, macAddress, peer })]);
    closeSync(namespaceFd);
    await netlink.batch([addToBridge('wire-port', index)]);
    own.add('wire-port');
    await inside.batch([
      setLinkUp('lo'),
      setLinkUp('eth0'),
      addAddress({ linkIndex: 100, ...parseCidr('192.0.2.9/24') }),
      addAddress({ linkIndex: 100, ...parseCidr('2001:db8::9/64') }),
      addDefaultRoute(parseAddress('192.0.2.1')),
      addDefaultRoute(parseAddress('2001:db8::1')),
    ]);
    kept.defer(() => netlink.batch([deleteLink('wire-port'), deleteLink('wire')]));
    kept.defer(() => removeNetworkNamespace(path));
    return kept.use(startPeer('neighbour', path));
  }

  const kept = undo.move();
  return {
    folder,
    warnings,
    events,
    networks(options = {}) {
      const database = options.database ?? openDatabase(join(folder, 'berth.db'));
      if (!options.database) databases.push(database);
      return createNetworks({
        database,
        runPath: join(folder, 'run'),
        bridge: { name: 'berth0' },
        resolvConfPath: join(folder, 'resolv.conf'),
        warn: (message) => void warnings.push(message),
        events: {
          publish: ({ action, attributes }) =>
            void events.push(
              [action, attributes.name, attributes.container ?? ''].join(' ').trim(),
            ),
        },
        ...options,
      });
    },
    async container(networks, name, more = {}) {
      const request = requestFor(name, more);
      const network = await networks.setUp(request);
      const peer = kept.use(startPeer(name, network.namespacePath));
      return { peer, network, request };
    },
    neighbour,
    machine: () => kept.use(startPeer('machine', '')),
    async traces() {
      const links = (await listLinks(netlink)).map((link) => link.name);
      const tables = await nft.query('list tables');
      const namespaces = join(folder, 'run/netns');
      return {
        links: links.filter((name) => !own.has(name)),
        tables: tables.map(({ table }) => String(table!.name)),
        namespaces: readOrNone(() => readdirSync(namespaces)),
      };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const idOf = (name: string): string => `id-${name}`;

export function requestFor(name: string, more: Partial<EndpointRequest> = {}): EndpointRequest {
  return {
    containerId: idOf(name),
    containerName: name,
    hostname: '',
    endpoints: { bridge: {} },
    ports: [],
    ...more,
  };
}

export const nothingLeft = { links: [], tables: [], namespaces: [] };

/** Waits until `look` gives `true`; what the kernel does in its own time is looked at again. */
export async function eventually(look: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Whether bridges hand frames to the IP firewall; both must work. */
export function filterBridges(on: boolean): void {
  const path = '/proc/sys/net/bridge/bridge-nf-call-iptables';
  if (readOrNone(() => [readFileSync(path, 'utf8')]).length > 0)
    writeFileSync(path, on ? '1' : '0');
}

function readOrNone<T>(read: () => T[]): T[] {
  try {
    return read();
  } catch {
    return [];
  }
}
