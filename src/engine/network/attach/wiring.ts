import { closeSync, openSync } from 'node:fs';
import {
  addAddress,
  addDefaultRoute,
  addVeth,
  createNetworkNamespace,
  deleteDefaultRoute,
  deleteLink,
  findLink,
  type IpAddress,
  type IpPrefix,
  type Netlink,
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

export function createWiring(netlink: Netlink): Wiring {
  /** Lays wires from here into the namespace and gives each its addresses. */
  async function lay(path: string, inside: Netlink, wires: readonly Wire[]): Promise<void> {
    const namespaceFd = openSync(path, 'r');
    try {
      await netlink.batch(wires.map((wire) => vethOf(wire, namespaceFd)));
    } finally {
      closeSync(namespaceFd);
    }
    for (const wire of wires) {
      const hairpin = wire.reachesItself && isBridgeFiltered();
      if (wire.isolated || hairpin) {
        const port = await findLink(netlink, wire.hostName);
        if (port) await netlink.batch([setBridgePort(port, { isolated: wire.isolated, hairpin })]);
      }
      if (wire.addresses.some(({ address }) => address.family === 6)) {
        setNamespaceSysctls(path, {
          [`net.ipv6.conf.${wire.name}.disable_ipv6`]: '0',
          [`net.ipv6.conf.${wire.name}.accept_ra`]: '0',
        });
      }
      const link = await findLink(inside, wire.name);
      await inside.batch([
        setLinkUp(wire.name),
        ...wire.addresses.map((address) => addAddress({ linkIndex: link!.index, ...address })),
      ]);
    }
  }

  return {
    async create(path, wires, gateways) {
      using inside = createNetworkNamespace(path, hasIpv6() ? withoutIpv6 : {});
      await inside.batch([setLinkUp('lo')]);
      if (wires.length > 0) await lay(path, inside, wires);
      await inside.batch(gateways.map(addDefaultRoute));
    },
    async plug(path, wire) {
      using inside = openNetlinkIn(path);
      await lay(path, inside, [wire]);
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

/** Interfaces get IPv6 only on networks that have it; ::1 stays. */
const withoutIpv6 = { 'net.ipv6.conf.default.disable_ipv6': '1' };

function vethOf(wire: Wire, namespaceFd: number) {
  const { hostName: name, bridgeIndex, mtu, macAddress } = wire;
  return addVeth({ name, bridgeIndex, mtu, peer: { name: wire.name, macAddress, namespaceFd } });
}
