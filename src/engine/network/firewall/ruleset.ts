/**
 * The firewall of one daemon as nftables scripts, rendered from plain values: one table of family
 * inet, named after the daemon's bridge. Rules never change; what changes is what the sets and maps
 * hold. So a container costs at most some elements, and the kernel looks them up by hash.
 */

/** What the rules must know of a bridge. */
export interface BridgeRules {
  readonly bridgeName: string;
  /** Subnets as `172.17.0.0/16`, with the gateway's address in each. */
  readonly subnets: readonly { family: 4 | 6; prefix: string }[];
  /** No way in or out but by the machine itself. */
  readonly internal: boolean;
  readonly masquerade: boolean;
  readonly betweenContainers: boolean;
}

/** One address and port of the machine that leads to one of a container (or of the daemon). */
export interface PortRule {
  readonly family: 4 | 6;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** Undefined: any address of the machine. */
  readonly hostAddress?: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

export interface Ruleset {
  readonly table: string;
  readonly bridges: readonly BridgeRules[];
  readonly ports: readonly PortRule[];
}

/**
 * Set on packets that this table lets through, so that one rule in another table's dropping chain
 * can recognise them. A bit that neither kube-proxy nor Tailscale uses.
 */
export const allowedMark = '0x00200000';

/** The whole table, put in place of whatever there was of that name, in one transaction. */
export function renderTable({ table, bridges, ports }: Ruleset): string {
  const elements = [...bridges.flatMap(bridgeElements), ...ports.map(portElement)];
  const sets = setTypes.map(([name, type]) => {
    const held = elements.filter(({ set }) => set === name).map(({ element }) => element);
    const list = held.length > 0 ? `\n    elements = { ${held.join(', ')} }` : '';
    return `  ${type.includes(' : ') ? 'map' : 'set'} ${name} {\n    type ${type}${list}\n  }`;
  });
  return [
    `add table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    ...sets,
    chains,
    '}',
    '',
  ].join('\n');
}

export const renderRemoval = (table: string): string =>
  `add table inet ${table}\ndelete table inet ${table}\n`;

/** Adds to the table, or takes away from it, what belongs to bridges and ports. */
export function renderChange(verb: 'add' | 'delete', { table, bridges, ports }: Ruleset): string {
  const bySet = new Map<string, string[]>();
  for (const { set, element, key } of [
    ...bridges.flatMap(bridgeElements),
    ...ports.map(portElement),
  ]) {
    const held = bySet.get(set) ?? [];
    held.push(verb === 'add' ? element : key);
    bySet.set(set, held);
  }
  return [...bySet]
    .map(([set, held]) => `${verb} element inet ${table} ${set} { ${held.join(', ')} }\n`)
    .join('');
}

const setTypes: readonly (readonly [name: string, type: string])[] = [
  ['bridges', 'ifname'],
  ['within', 'ifname . ifname'],
  ['internal', 'ifname'],
  ['containers4', 'ipv4_addr\n    flags interval'],
  ['containers6', 'ipv6_addr\n    flags interval'],
  ['masquerade4', 'ipv4_addr\n    flags interval'],
  ['masquerade6', 'ipv6_addr\n    flags interval'],
  ['published4', 'inet_proto . inet_service : ipv4_addr . inet_service'],
  ['published6', 'inet_proto . inet_service : ipv6_addr . inet_service'],
  ['published_at4', 'ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service'],
  ['published_at6', 'ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service'],
];

interface Element {
  set: string;
  /** As it is added. */
  element: string;
  /** As it is deleted: without a map's value. */
  key: string;
}

function bridgeElements(bridge: BridgeRules): Element[] {
  const name = `"${bridge.bridgeName}"`;
  const plain = (set: string, element: string): Element => ({ set, element, key: element });
  return [
    plain('bridges', name),
    ...(bridge.betweenContainers ? [plain('within', `${name} . ${name}`)] : []),
    ...(bridge.internal ? [plain('internal', name)] : []),
    ...bridge.subnets.map(({ family, prefix }) => plain(`containers${family}`, prefix)),
    ...(bridge.masquerade && !bridge.internal
      ? bridge.subnets.map(({ family, prefix }) => plain(`masquerade${family}`, prefix))
      : []),
  ];
}

function portElement(port: PortRule): Element {
  const { family, protocol, hostAddress, hostPort } = port;
  const service = `${protocol} . ${hostPort}`;
  const key = hostAddress === undefined ? service : `${hostAddress} . ${service}`;
  return {
    set: `${hostAddress === undefined ? 'published' : 'published_at'}${family}`,
    key,
    element: `${key} : ${port.address} . ${port.port}`,
  };
}

/** `th` stands for the header of tcp, udp or sctp alike. */
const chains = `
  chain publish {
    meta l4proto != { tcp, udp, sctp } return
    dnat ip to ip daddr . meta l4proto . th dport map @published_at4
    fib daddr type local dnat ip to meta l4proto . th dport map @published4
    ip6 daddr ::1 return
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @published_at6
    fib daddr type local dnat ip6 to meta l4proto . th dport map @published6
  }

  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    jump publish
  }

  chain output {
    type nat hook output priority -100; policy accept;
    jump publish
  }

  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 127.0.0.0/8 oifname @bridges masquerade
    oifname @bridges ct status dnat ip saddr @containers4 masquerade
    oifname @bridges ct status dnat ip6 saddr @containers6 masquerade
    oifname != @bridges ip saddr @masquerade4 masquerade
    oifname != @bridges ip6 saddr @masquerade6 masquerade
  }

  chain loopback {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }

  chain forward {
    type filter hook forward priority -10; policy accept;
    iifname != @bridges oifname != @bridges accept
    ct state established,related goto allowed
    iifname . oifname @within goto allowed
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct status dnat goto allowed
    oifname @bridges drop
    goto allowed
  }

  chain input {
    type filter hook input priority -10; policy accept;
    iifname @bridges meta l4proto { tcp, udp } ct original proto-dst 53 goto allowed
    iifname @bridges ct state established,related goto allowed
  }

  chain allowed {
    meta mark set meta mark | ${allowedMark}
    accept
  }`;
