import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { conflict } from '../../core/index.ts';
import {
  addAddress,
  addBridge,
  deleteLink,
  findLink,
  type Netlink,
  setLinkAlias,
  writeSysctls,
} from '../../linux/index.ts';
import { bridgeOptions, macAddressOf, type NetworkRecord, subnetsOf } from './network-record.ts';

/** On every bridge we make, to know it again after a crash and to touch nobody else's. */
const mark = 'berth';

/** Makes the network's bridge, or completes the one that is there. Gives its interface's index. */
export async function ensureBridge(
  netlink: Netlink,
  record: NetworkRecord,
): Promise<{ index: number; created: boolean }> {
  const { bridgeName: name } = record;
  const subnets = subnetsOf(record);
  await using undo = new AsyncDisposableStack();
  const existing = await findLink(netlink, name);
  if (existing && existing.alias !== mark) {
    throw conflict(`make bridge ${name}: an interface of that name is there and not Berth's`);
  }
  if (!existing) {
    const gateway = subnets.find(({ prefix }) => prefix.family === 4) ?? subnets[0]!;
    const { mtu } = bridgeOptions(record);
    const macAddress = macAddressOf(gateway.gateway);
    await netlink.batch([addBridge({ name, macAddress, mtu }), setLinkAlias(name, mark)]);
    undo.defer(() => removeBridge(netlink, name));
  }
  const link = existing ?? (await findLink(netlink, name))!;
  // Before the addresses: an interface without IPv6 takes none.
  writeSysctls(bridgeSysctls(name, record.enableIPv6));
  await netlink.batch(
    subnets.map(({ gateway, prefix }) =>
      addAddress({ linkIndex: link.index, address: gateway, prefix }),
    ),
  );
  enableForwarding(record.enableIPv6);
  undo.move();
  return { index: link.index, created: !existing };
}

/** Idempotent; interfaces of containers on it lose their bridge. One that is not ours stays. */
export async function removeBridge(netlink: Netlink, name: string): Promise<void> {
  const link = await findLink(netlink, name);
  if (link?.alias === mark) await netlink.batch([deleteLink(name)]);
}

/** `route_localnet` lets 127.0.0.1:PORT of the machine reach a container; the firewall guards it. */
function bridgeSysctls(bridgeName: string, ipv6: boolean): Record<string, string> {
  const name = bridgeName.replaceAll('.', '/');
  return {
    [`net.ipv4.conf.${name}.route_localnet`]: '1',
    // An interface whose packets are too small for IPv6 has none of these.
    ...(existsSync(`/proc/sys/net/ipv6/conf/${bridgeName}`) && {
      [`net.ipv6.conf.${name}.disable_ipv6`]: ipv6 ? '0' : '1',
      [`net.ipv6.conf.${name}.accept_ra`]: '0',
    }),
  };
}

/** The machine routes between bridges and the outside. Switched on where it is off, never off. */
function enableForwarding(ipv6: boolean): void {
  if (readSysctl('net/ipv4/ip_forward') === '0') writeSysctls({ 'net.ipv4.ip_forward': '1' });
  if (!ipv6 || readSysctl('net/ipv6/conf/all/forwarding') === '1') return;
  // A forwarding machine ignores router advertisements unless told to listen (accept_ra 2): keep
  // the routes it has by them.
  for (const name of readdirSync('/proc/sys/net/ipv6/conf')) {
    if (name === 'all' || name === 'default') continue;
    if (readSysctl(`net/ipv6/conf/${name}/accept_ra`) !== '1') continue;
    writeSysctls({ [`net.ipv6.conf.${name.replaceAll('.', '/')}.accept_ra`]: '2' });
  }
  writeSysctls({ 'net.ipv6.conf.all.forwarding': '1' });
}

/** Whether this kernel has IPv6 at all. */
export function hasIpv6(): boolean {
  return existsSync('/proc/sys/net/ipv6');
}

/**
 * Whether bridges hand their frames to the IP firewall (br_netfilter). Then a container that calls
 * its own published port gets its packets back by the bridge, where a port must allow that.
 */
export function isBridgeFiltered(): boolean {
  return readSysctl('net/bridge/bridge-nf-call-iptables') === '1';
}

function readSysctl(path: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${path}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
