import { closeSync, openSync } from 'node:fs';
import {
  addAddress,
  addDefaultRoute,
  addToBridge,
  addVeth,
  createNetworkNamespace,
  deleteDefaultRoute,
  deleteLink,
  type IpAddress,
  type IpPrefix,
  listLinks,
  type Netlink,
  type NetlinkRequest,
  openNetlinkIn,
  setBridgePort,
  setLinkUp,
  setNamespaceSysctls,
} from '../../../linux/index.ts';
import { hasIpv6, isBridgeFiltered } from '../kernel-bridge.ts';

/** One end of a veth pair to be made: what a container gets on one network. */
export interface Wire {
  /** Name on the machine's side. */
  readonly hostName: string;
  readonly bridgeIndex: number;
  /** Name inside. */
  readonly name: string;
  readonly macAddress: string;
  readonly addresses: readonly { address: IpAddress; prefix: IpPrefix }[];
  readonly mtu?: number;
  /** It may talk to the machine only, not to its neighbours on the bridge. */
  readonly isolated: boolean;
  /** It has published ports and may call them by the machine's address. */
  readonly reachesItself: boolean;
}

/** The kernel's half of a container's network: a namespace and the wires into it. */
export interface Wiring {
  /**
   * Makes a namespace at `path` with its loopback up and the wires in it. Rejects with nothing left
   * but what `removeNetworkNamespace` takes away.
   */
  create(path: string, wires: readonly Wire[], gateways: readonly IpAddress[]): Promise<void>;
  /** Adds a wire to a namespace in use. */
  plug(path: string, wire: Wire): Promise<void>;
  /** Takes one away, by its name inside; idempotent. */
  unplug(path: string, name: string): Promise<void>;
  /** Makes the default routes of a namespace in use lead over other gateways. */
  reroute(path: string, from: readonly IpAddress[], to: readonly IpAddress[]): Promise<void>;
}

/** Above those that the kernel gives to interfaces every namespace is born with. */
const firstIndex = 100;

export function createWiring(netlink: Netlink): Wiring {
  /**
   * Lays wires from the namespace to here: one datagram inside, one outside. `gateways` are routes
   * to be made with them.
   */
  async function lay(
    inside: Netlink,
    wires: readonly Wire[],
    more: { firstIndex: number; gateways: readonly IpAddress[] },
  ): Promise<void> {
    const hereFd = openSync('/proc/thread-self/ns/net', 'r');
    try {
      await inside.batch([
        setLinkUp('lo'),
        ...wires.flatMap((wire, i) => insideRequests(wire, more.firstIndex + i, hereFd)),
        ...more.gateways.map(addDefaultRoute),
      ]);
    } finally {
      closeSync(hereFd);
    }
    if (wires.length > 0) await netlink.batch(wires.flatMap(outsideRequests));
  }

  return {
    async create(path, wires, gateways) {
      const ipv6 = wires.some(hasIpv6Address);
      using inside = createNetworkNamespace(path, ipv6Sysctls(ipv6));
      await lay(inside, wires, { firstIndex, gateways });
      const without = wires.filter((wire) => ipv6 && !hasIpv6Address(wire));
      for (const { name } of without) {
        setNamespaceSysctls(path, { [`net.ipv6.conf.${name}.disable_ipv6`]: '1' });
      }
    },
    async plug(path, wire) {
      using inside = openNetlinkIn(path);
      const used = (await listLinks(inside)).map(({ index }) => index);
      const next = Math.max(firstIndex, ...used.map((index) => index + 1));
      setNamespaceSysctls(path, ipv6Sysctls(hasIpv6Address(wire)));
      await lay(inside, [wire], { firstIndex: next, gateways: [] });
    },
    async unplug(path, name) {
      using inside = openNetlinkIn(path);
      await inside.batch([deleteLink(name)]);
    },
    async reroute(path, from, to) {
      using inside = openNetlinkIn(path);
      await inside.batch([...from.map(deleteDefaultRoute), ...to.map(addDefaultRoute)]);
    },
  };
}

const hasIpv6Address = ({ addresses }: Wire): boolean =>
  addresses.some(({ address }) => address.family === 6);

/** Whether interfaces made from now on have IPv6; loopback always has. */
function ipv6Sysctls(on: boolean): Record<string, string> {
  if (!hasIpv6()) return {};
  return {
    'net.ipv6.conf.default.disable_ipv6': on ? '0' : '1',
    ...(on && { 'net.ipv6.conf.default.accept_ra': '0' }),
  };
}

function insideRequests(wire: Wire, index: number, hereFd: number): NetlinkRequest[] {
  const { name, macAddress, mtu, hostName } = wire;
  const peer = { name: hostName, namespaceFd: hereFd };
  return [
    addVeth({ name, index, macAddress, mtu, peer }),
    setLinkUp(name),
    ...wire.addresses.map((address) => addAddress({ linkIndex: index, ...address })),
  ];
}

function outsideRequests(wire: Wire): NetlinkRequest[] {
  const { hostName, isolated } = wire;
  const hairpin = wire.reachesItself && isBridgeFiltered();
  return [
    addToBridge(hostName, wire.bridgeIndex),
    ...(isolated || hairpin ? [setBridgePort(hostName, { isolated, hairpin })] : []),
  ];
}
