import {
  invalid,
  longVarint,
  nameBytes,
  nameText,
  ProtobufReader,
  varint,
  wireType,
} from '../../core/index.ts';

/** Kinds of packets (fsutil, types/wire.proto). */
export const packetType = { stat: 0, request: 1, data: 2, finish: 3, error: 4 } as const;

export interface Packet {
  readonly type: number;
  /** Of a stat; absent in the one that ends the listing. */
  readonly stat: Stat | undefined;
  /** Which file: its place in the listing. */
  readonly id: number;
  readonly data: Buffer;
}

/** An entry of a folder as it travels (fsutil, types/stat.proto). */
export interface Stat {
  path: string;
  /** As in Go's os.FileMode: permission bits below, flags of its own above. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  mtimeNs: bigint;
  linkTarget: string;
  deviceMajor: number;
  deviceMinor: number;
  xattrs: Record<string, Buffer>;
}

const noBytes: Buffer = Buffer.alloc(0);

/** Throws `invalid` on bytes that are no packet. Data is a view of them. */
export function decodePacket(bytes: Buffer): Packet {
  const reader = new ProtobufReader(bytes);
  let type = 0;
  let stat: Stat | undefined;
  let id = 0;
  let data = noBytes;
  while (!reader.isAtEnd) {
    const tag = reader.tag();
    if (tag === tags.type) type = reader.uint32();
    else if (tag === tags.stat) stat = decodeStat(reader.bytes());
    else if (tag === tags.id) id = reader.uint32();
    else if (tag === tags.data) data = reader.bytes();
    else reader.skip(tag);
  }
  return { type, stat, id, data };
}

const tag = (number: number, wire: number) => number * 8 + wire;
const tags = {
  type: tag(1, wireType.varint),
  stat: tag(2, wireType.bytes),
  id: tag(3, wireType.varint),
  data: tag(4, wireType.bytes),
} as const;
const statTags = {
  path: tag(1, wireType.bytes),
  mode: tag(2, wireType.varint),
  uid: tag(3, wireType.varint),
  gid: tag(4, wireType.varint),
  sizeBytes: tag(5, wireType.varint),
  mtimeNs: tag(6, wireType.varint),
  linkTarget: tag(7, wireType.bytes),
  deviceMajor: tag(8, wireType.varint),
  deviceMinor: tag(9, wireType.varint),
  xattrs: tag(10, wireType.bytes),
} as const;

function decodeStat(bytes: Buffer): Stat {
  const reader = new ProtobufReader(bytes);
  const stat: Stat = {
    path: '',
    mode: 0,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeNs: 0n,
    linkTarget: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: noXattrs,
  };
  let xattrCount = 0;
  while (!reader.isAtEnd) {
    const read = reader.tag();
    if (read !== statTags.xattrs) readStatField(reader, stat, read);
    else if (++xattrCount <= mostXattrs) readXattr(stat, reader.bytes());
    else throw invalid(`read folder: a file has over ${mostXattrs} attributes`);
  }
  return stat;
}

const noXattrs: Record<string, Buffer> = Object.freeze({});

function readStatField(reader: ProtobufReader, stat: Stat, read: number): void {
  switch (read) {
    case statTags.path:
      stat.path = readName(reader);
      break;
    case statTags.mode:
      stat.mode = reader.uint32();
      break;
    case statTags.uid:
      stat.uid = reader.uint32();
      break;
    case statTags.gid:
      stat.gid = reader.uint32();
      break;
    case statTags.sizeBytes:
      stat.sizeBytes = Number(reader.int64());
      break;
    case statTags.mtimeNs:
      stat.mtimeNs = reader.int64();
      break;
    case statTags.linkTarget:
      stat.linkTarget = readName(reader);
      break;
    case statTags.deviceMajor:
      stat.deviceMajor = Number(reader.int64());
      break;
    case statTags.deviceMinor:
      stat.deviceMinor = Number(reader.int64());
      break;
    default:
      reader.skip(read);
  }
}

function readName(reader: ProtobufReader): string {
  const bytes = reader.bytes();
  return nameText(bytes, 0, bytes.length);
}

/** No filesystem lists more of one file: the names have 64 KiB, and two bytes are the least. */
const mostXattrs = 32_768;

function readXattr(stat: Stat, bytes: Buffer): void {
  const reader = new ProtobufReader(bytes);
  let name = '';
  let value = noBytes;
  while (!reader.isAtEnd) {
    const read = reader.tag();
    if (read === tag(1, wireType.bytes)) name = reader.string();
    else if (read === tag(2, wireType.bytes)) value = reader.bytes();
    else reader.skip(read);
  }
  if (name === '' || name.includes('\0')) throw invalid('read folder: an attribute has no name');
  if (stat.xattrs === noXattrs) stat.xattrs = Object.create(null);
  // The bytes lie in what arrived; kept longer than that, they would hold all of it.
  stat.xattrs[name] = Buffer.from(value);
}

export function encodeRequest(id: number): Buffer {
  return Buffer.concat([typeBytes(packetType.request), idBytes(id)]);
}

/** A piece of a file; without bytes, its end. */
export function encodeData(id: number, data: Uint8Array): Buffer {
  const head = [typeBytes(packetType.data), idBytes(id)];
  if (data.length === 0) return Buffer.concat(head);
  return Buffer.concat([...head, Buffer.from([tags.data]), varint(data.length), data]);
}

export function encodeFinish(): Buffer {
  return typeBytes(packetType.finish);
}

export function encodeError(message: string): Buffer {
  return Buffer.concat([typeBytes(packetType.error), bytesField(tags.data, Buffer.from(message))]);
}

/** The packet that ends a listing. */
export function encodeListingEnd(): Buffer {
  return typeBytes(packetType.stat);
}

export function encodeStat(stat: Stat): Buffer {
  const parts = [bytesField(statTags.path, nameBytes(stat.path))];
  const number = (tagNumber: number, value: number) => {
    if (value !== 0) parts.push(varint(tagNumber), varint(value));
  };
  number(statTags.mode, stat.mode);
  number(statTags.uid, stat.uid);
  number(statTags.gid, stat.gid);
  number(statTags.sizeBytes, stat.sizeBytes);
  parts.push(varint(statTags.mtimeNs), longVarint(stat.mtimeNs));
  if (stat.linkTarget !== '') {
    parts.push(bytesField(statTags.linkTarget, nameBytes(stat.linkTarget)));
  }
  number(statTags.deviceMajor, stat.deviceMajor);
  number(statTags.deviceMinor, stat.deviceMinor);
  for (const [name, value] of Object.entries(stat.xattrs)) {
    const entry = [bytesField(tag(1, wireType.bytes), Buffer.from(name))];
    entry.push(bytesField(tag(2, wireType.bytes), value));
    parts.push(bytesField(statTags.xattrs, Buffer.concat(entry)));
  }
  return bytesField(tags.stat, Buffer.concat(parts));
}

function typeBytes(type: number): Buffer {
  return Buffer.from([tags.type, type]);
}

function idBytes(id: number): Buffer {
  return Buffer.concat([varint(tags.id), varint(id)]);
}

function bytesField(tagNumber: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(tagNumber), varint(bytes.length), bytes]);
}
