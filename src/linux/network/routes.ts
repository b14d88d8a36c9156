import {
  addressFromBytes,
  addressToBytes,
  formatAddress,
  type IpAddress,
  type IpPrefix,
  lastAddress,
} from './ip-address.ts';
import type { Netlink } from './netlink.ts';
import {
  decodeAttributes,
  type NetlinkMessage,
  type NetlinkRequest,
  netlinkFlag,
} from './netlink-message.ts';

/** A route of the main table; without gateway the destination is reached directly. */
export interface Route {
  readonly destination: IpPrefix;
  readonly gateway?: IpAddress;
  readonly linkIndex: number;
}

const message = { newAddress: 20, newRoute: 24, deleteRoute: 25, getRoute: 26 };
const addressAttribute = { address: 1, local: 2, broadcast: 4 };
const routeAttribute = { destination: 1, linkIndex: 4, gateway: 5 };
const noDuplicateAddressDetection = 2;
const table = { main: 254 };
const protocolBoot = 3;
const scopeUniverse = 0;
const typeUnicast = 1;
const routeHeaderBytes = 12;

const familyNumber = ({ family }: IpAddress): number => (family === 4 ? 2 : 10);

/** Gives an interface an address in its block; IPv6 ones are usable at once. */
export function addAddress(options: {
  linkIndex: number;
  address: IpAddress;
  prefix: IpPrefix;
}): NetlinkRequest {
  const { address, prefix } = options;
  const header = Buffer.alloc(8);
  header.writeUInt8(familyNumber(address), 0);
  header.writeUInt8(prefix.length, 1);
  header.writeUInt8(address.family === 6 ? noDuplicateAddressDetection : 0, 2);
  header.writeUInt32LE(options.linkIndex, 4);
  const bytes = addressToBytes(address);
  const broadcast =
    address.family === 4 && prefix.length < 31
      ? [{ type: addressAttribute.broadcast, value: addressToBytes(lastAddress(prefix)) }]
      : [];
  return {
    purpose: `add address ${formatAddress(address)}/${prefix.length}`,
    type: message.newAddress,
    flags: netlinkFlag.create | netlinkFlag.exclusive,
    header,
    attributes: [
      { type: addressAttribute.local, value: bytes },
      { type: addressAttribute.address, value: bytes },
      ...broadcast,
    ],
    tolerate: ['EEXIST'],
  };
}

/** Makes `gateway` the way to everywhere; one route per address family. */
export function addDefaultRoute(gateway: IpAddress): NetlinkRequest {
  return {
    purpose: `add default route by ${formatAddress(gateway)}`,
    type: message.newRoute,
    flags: netlinkFlag.create | netlinkFlag.exclusive,
    header: routeHeader(gateway),
    attributes: [{ type: routeAttribute.gateway, value: addressToBytes(gateway) }],
  };
}

/** Succeeds when there is no such route. */
export function deleteDefaultRoute(gateway: IpAddress): NetlinkRequest {
  return {
    purpose: `delete default route by ${formatAddress(gateway)}`,
    type: message.deleteRoute,
    header: routeHeader(gateway),
    attributes: [{ type: routeAttribute.gateway, value: addressToBytes(gateway) }],
    tolerate: ['ESRCH', 'ENETUNREACH'],
  };
}

/** `struct rtmsg` of a unicast route to everywhere. */
function routeHeader(gateway: IpAddress): Buffer {
  const header = Buffer.alloc(routeHeaderBytes);
  header.writeUInt8(familyNumber(gateway), 0);
  header.writeUInt8(table.main, 4);
  header.writeUInt8(protocolBoot, 5);
  header.writeUInt8(scopeUniverse, 6);
  header.writeUInt8(typeUnicast, 7);
  return header;
}

/** Unicast routes of the main table, both families. */
export async function listRoutes(netlink: Netlink): Promise<Route[]> {
  const answers = await netlink.query({
    purpose: 'list routes',
    type: message.getRoute,
    flags: netlinkFlag.dump,
    header: Buffer.alloc(routeHeaderBytes),
  });
  return answers
    .filter(({ payload }) => payload[4] === table.main && payload[7] === typeUnicast)
    .map(parseRoute);
}

function parseRoute({ payload }: NetlinkMessage): Route {
  const attributes = decodeAttributes(payload, routeHeaderBytes);
  const family = payload[0] === 2 ? 4 : 6;
  const destination = attributes.get(routeAttribute.destination);
  const gateway = attributes.get(routeAttribute.gateway);
  return {
    destination: {
      family,
      value: destination ? addressFromBytes(destination).value : 0n,
      length: payload[1]!,
    },
    ...(gateway && { gateway: addressFromBytes(gateway) }),
    linkIndex: attributes.get(routeAttribute.linkIndex)?.readUInt32LE(0) ?? 0,
  };
}
