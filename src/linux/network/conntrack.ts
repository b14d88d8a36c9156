import { type Netlink, netlinkFamily, openNetlink } from './netlink.ts';
import {
  type Attribute,
  decodeAttributes,
  type NetlinkMessage,
  type NetlinkRequest,
  netlinkFlag,
} from './netlink-message.ts';

/**
 * The kernel's table of connections (nfnetlink_conntrack): an entry decides where the packets of a
 * flow go for as long as they come, whatever the rules say since.
 */
export interface Conntrack extends Disposable {
  /**
   * Forgets UDP flows to these ports of this machine, so that their next packets meet the rules as
   * they are now. Reads the whole table: for rare use.
   */
  forgetUdpFlowsTo(ports: ReadonlySet<number>): Promise<void>;
}

const conntrackSubsystem = 1 << 8;
const message = { get: conntrackSubsystem | 1, delete: conntrackSubsystem | 2 };
const attribute = { original: 1, id: 12 };
const tuple = { protocol: 2 };
const tupleProtocol = { number: 1, destinationPort: 3 };
const udp = 17;
const nested = 0x8000;
/** `struct nfgenmsg`: address family, version, resource id. */
const headerBytes = 4;
const ipv4 = 2;
const ipv6 = 10;

export function openConntrack(): Conntrack {
  const netlink = openNetlink(netlinkFamily.netfilter);
  return {
    async forgetUdpFlowsTo(ports) {
      const flows: NetlinkMessage[] = [];
      for (const family of [ipv4, ipv6]) flows.push(...(await listFlows(netlink, family)));
      await netlink.batch(flows.flatMap((flow) => deletion(flow, ports) ?? []));
    },
    [Symbol.dispose]: () => netlink[Symbol.dispose](),
  };
}

function listFlows(netlink: Netlink, family: number): Promise<NetlinkMessage[]> {
  return netlink.query({
    purpose: 'list connections',
    type: message.get,
    flags: netlinkFlag.dump,
    header: Buffer.from([family, 0, 0, 0]),
  });
}

/** The request that ends a flow, named by the tuple and id it was listed with. */
function deletion(
  { payload }: NetlinkMessage,
  ports: ReadonlySet<number>,
): NetlinkRequest | undefined {
  const attributes = decodeAttributes(payload, headerBytes);
  const original = attributes.get(attribute.original);
  const protocol = original && decodeAttributes(original, 0).get(tuple.protocol);
  if (!protocol) return undefined;
  const parts = decodeAttributes(protocol, 0);
  const port = parts.get(tupleProtocol.destinationPort)?.readUInt16BE(0);
  if (parts.get(tupleProtocol.number)?.[0] !== udp || port === undefined) return undefined;
  if (!ports.has(port)) return undefined;
  const id = attributes.get(attribute.id);
  const named: Attribute[] = [{ type: attribute.original | nested, value: original }];
  if (id) named.push({ type: attribute.id, value: id });
  return {
    purpose: `forget UDP flow to port ${port}`,
    type: message.delete,
    header: payload.subarray(0, headerBytes),
    attributes: named,
    // It ended by itself meanwhile.
    tolerate: ['ENOENT'],
  };
}
