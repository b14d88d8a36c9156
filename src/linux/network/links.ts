import type { Netlink } from './netlink.ts';
import {
  type Attribute,
  decodeAttributes,
  encodeAttributes,
  type NetlinkMessage,
  type NetlinkRequest,
  netlinkFlag,
  uint32,
} from './netlink-message.ts';

/** A network interface, as far as Berth looks at it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  /** Six bytes as `02:42:ac:11:00:02`; empty for interfaces without. */
  readonly macAddress: string;
  /** Index of the other end of a veth pair, in whichever namespace that is; else 0. */
  readonly peerIndex: number;
  /** Index of the bridge it is a port of, or 0. */
  readonly master: number;
  readonly mtu: number;
  /** `bridge`, `veth` and so on; empty for a physical one. */
  readonly kind: string;
  /** Free text that somebody put on it; `ip link` shows it. */
  readonly alias: string;
}

const message = { newLink: 16, deleteLink: 17, getLink: 18, setLink: 19 };
const attribute = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  linkInfo: 18,
  alias: 20,
  namespaceFd: 28,
};
const linkInfo = { kind: 1, data: 2, portKind: 4, portData: 5 };
const vethPeer = 1;
const bridgePort = { hairpin: 4, isolated: 33 };
const flagUp = 1;
const headerBytes = 16;

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function mtuAttribute(mtu: number | undefined): Attribute[] {
  return mtu === undefined ? [] : [{ type: attribute.mtu, value: uint32(mtu) }];
}

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

/** `struct ifinfomsg` (rtnetlink(7)). */
function linkHeader(options: { index?: number; up?: boolean }): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeInt32LE(options.index ?? 0, 4);
  if (options.up !== undefined) {
    header.writeUInt32LE(options.up ? flagUp : 0, 8);
    header.writeUInt32LE(flagUp, 12);
  }
  return header;
}

const createNew = netlinkFlag.create | netlinkFlag.exclusive;

/** A bridge of its own address, so that ports coming and going do not change it. */
export function addBridge(options: {
  name: string;
  macAddress: string;
  mtu?: number;
}): NetlinkRequest {
  return {
    purpose: `add bridge ${options.name}`,
    type: message.newLink,
    flags: createNew,
    header: linkHeader({ up: true }),
    attributes: [
      { type: attribute.name, value: text(options.name) },
      { type: attribute.address, value: macBytes(options.macAddress) },
      ...mtuAttribute(options.mtu),
      {
        type: attribute.linkInfo,
        value: [{ type: linkInfo.kind, value: Buffer.from('bridge') }],
      },
    ],
  };
}

/**
 * A pair of interfaces: one here, of an index that the caller knows to be free, the other in the
 * network namespace open as `peer.namespaceFd`. Both are down.
 */
export function addVeth(options: {
  name: string;
  index: number;
  macAddress: string;
  mtu?: number;
  peer: { name: string; namespaceFd: number };
}): NetlinkRequest {
  const peer = encodeAttributes([
    { type: attribute.name, value: text(options.peer.name) },
    ...mtuAttribute(options.mtu),
    { type: attribute.namespaceFd, value: uint32(options.peer.namespaceFd) },
  ]);
  return {
    purpose: `add veth ${options.peer.name}`,
    type: message.newLink,
    flags: createNew,
    header: linkHeader({ index: options.index }),
    attributes: [
      { type: attribute.name, value: text(options.name) },
      { type: attribute.address, value: macBytes(options.macAddress) },
      ...mtuAttribute(options.mtu),
      {
        type: attribute.linkInfo,
        value: [
          { type: linkInfo.kind, value: Buffer.from('veth') },
          {
            type: linkInfo.data,
            value: [{ type: vethPeer, value: Buffer.concat([linkHeader({}), peer]) }],
          },
        ],
      },
    ],
  };
}

/** Makes an interface a port of a bridge and brings it up. */
export function addToBridge(name: string, bridgeIndex: number): NetlinkRequest {
  return {
    purpose: `add interface ${name} to its bridge`,
    type: message.newLink,
    header: linkHeader({ up: true }),
    attributes: [
      { type: attribute.name, value: text(name) },
      { type: attribute.master, value: uint32(bridgeIndex) },
    ],
  };
}

/**
 * How a bridge treats one of its ports. `isolated`: it reaches the bridge itself, and no other
 * isolated port. `hairpin`: frames may leave by the port they came in.
 */
export function setBridgePort(
  name: string,
  options: { isolated: boolean; hairpin: boolean },
): NetlinkRequest {
  const flag = (on: boolean) => Buffer.from([on ? 1 : 0]);
  return {
    purpose: `set up bridge port ${name}`,
    type: message.newLink,
    header: linkHeader({}),
    attributes: [
      { type: attribute.name, value: text(name) },
      {
        type: attribute.linkInfo,
        value: [
          { type: linkInfo.portKind, value: Buffer.from('bridge') },
          {
            type: linkInfo.portData,
            value: [
              { type: bridgePort.hairpin, value: flag(options.hairpin) },
              { type: bridgePort.isolated, value: flag(options.isolated) },
            ],
          },
        ],
      },
    ],
  };
}

/** Succeeds when there is none of that name. */
export function deleteLink(name: string): NetlinkRequest {
  return {
    purpose: `delete interface ${name}`,
    type: message.deleteLink,
    header: linkHeader({}),
    attributes: [{ type: attribute.name, value: text(name) }],
    tolerate: ['ENODEV'],
  };
}

export function setLinkUp(name: string): NetlinkRequest {
  return {
    purpose: `bring up interface ${name}`,
    type: message.newLink,
    header: linkHeader({ up: true }),
    attributes: [{ type: attribute.name, value: text(name) }],
  };
}

export function setLinkAlias(name: string, alias: string): NetlinkRequest {
  return {
    purpose: `mark interface ${name}`,
    type: message.setLink,
    header: linkHeader({}),
    attributes: [
      { type: attribute.name, value: text(name) },
      { type: attribute.alias, value: Buffer.from(alias) },
    ],
  };
}

export async function listLinks(netlink: Netlink): Promise<Link[]> {
  const request = { purpose: 'list interfaces', type: message.getLink, header: linkHeader({}) };
  const answers = await netlink.query({ ...request, flags: netlinkFlag.dump });
  return answers.map(parseLink);
}

/** The interface of that name, or undefined. */
export async function findLink(netlink: Netlink, name: string): Promise<Link | undefined> {
  const [answer] = await netlink.query({
    purpose: `find interface ${name}`,
    type: message.getLink,
    header: linkHeader({}),
    attributes: [{ type: attribute.name, value: text(name) }],
    tolerate: ['ENODEV'],
  });
  return answer && parseLink(answer);
}

function parseLink({ payload }: NetlinkMessage): Link {
  const attributes = decodeAttributes(payload, headerBytes);
  const info = attributes.get(attribute.linkInfo);
  const kind = info && decodeAttributes(info, 0).get(linkInfo.kind);
  return {
    index: payload.readInt32LE(4),
    name: textOf(attributes.get(attribute.name)),
    up: (payload.readUInt32LE(8) & flagUp) !== 0,
    macAddress: (attributes.get(attribute.address)?.toString('hex') ?? '').replace(
      /..(?!$)/g,
      '$&:',
    ),
    peerIndex: attributes.get(attribute.link)?.readUInt32LE(0) ?? 0,
    master: attributes.get(attribute.master)?.readUInt32LE(0) ?? 0,
    mtu: attributes.get(attribute.mtu)?.readUInt32LE(0) ?? 0,
    kind: textOf(kind),
    alias: textOf(attributes.get(attribute.alias)),
  };
}

function textOf(bytes: Buffer | undefined): string {
  return bytes ? bytes.toString().replace(/\0.*$/s, '') : '';
}
