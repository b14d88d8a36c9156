import { getSystemErrorName } from 'node:util';
import { type BerthError, internal } from '../../core/index.ts';

/** One netlink attribute (`struct nlattr`); a list as value makes it a nested one. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array | readonly Attribute[];
}

/** A message to the kernel; `purpose` says in words what it is for and leads its error text. */
export interface NetlinkRequest {
  readonly purpose: string;
  readonly type: number;
  readonly flags?: number;
  /** The family's own fixed header, such as `struct ifinfomsg`. */
  readonly header: Uint8Array;
  readonly attributes?: readonly Attribute[];
  /** Codes of errors that mean the wanted state is already there, such as `EEXIST`. */
  readonly tolerate?: readonly string[];
}

/** A message from the kernel, split from its netlink header. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

export const netlinkFlag = {
  request: 1,
  multi: 2,
  ack: 4,
  dump: 0x300,
  exclusive: 0x200,
  create: 0x400,
} as const;
export const netlinkType = { error: 2, done: 3 } as const;

const messageHeaderBytes = 16;
const attributeHeaderBytes = 4;
const attributeTypeMask = 0x3fff;
const ackWithAttributes = 0x200;
const ackMessageAttribute = 1;
/** `struct nlmsgerr`: the error and the header of the request. */
const acknowledgementBytes = 4 + messageHeaderBytes;

const padded = (length: number): number => (length + 3) & ~3;

export function encodeRequest(request: NetlinkRequest, sequence: number, flags: number): Buffer {
  const attributes = encodeAttributes(request.attributes ?? []);
  const start = messageHeaderBytes + padded(request.header.length);
  const message = Buffer.alloc(start + attributes.length);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(request.type, 4);
  message.writeUInt16LE(netlinkFlag.request | (request.flags ?? 0) | flags, 6);
  message.writeUInt32LE(sequence, 8);
  message.set(request.header, messageHeaderBytes);
  message.set(attributes, start);
  return message;
}

export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  return Buffer.concat(
    attributes.map(({ type, value }) => {
      const content = value instanceof Uint8Array ? value : encodeAttributes(value);
      const bytes = Buffer.alloc(padded(attributeHeaderBytes + content.length));
      bytes.writeUInt16LE(attributeHeaderBytes + content.length, 0);
      bytes.writeUInt16LE(type, 2);
      bytes.set(content, attributeHeaderBytes);
      return bytes;
    }),
  );
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The messages of one datagram; their payloads share its memory. */
export function* messagesIn(datagram: Buffer): Iterable<NetlinkMessage> {
  for (let at = 0; at + messageHeaderBytes <= datagram.length; ) {
    const length = datagram.readUInt32LE(at);
    if (length < messageHeaderBytes || at + length > datagram.length) {
      throw internal(`read netlink: a message of ${length} bytes does not fit its datagram`);
    }
    yield {
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      payload: datagram.subarray(at + messageHeaderBytes, at + length),
    };
    at += padded(length);
  }
}

/** The attributes after a fixed header of `offset` bytes, by type; of repeated ones the last. */
export function decodeAttributes(payload: Buffer, offset: number): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = padded(offset); at + attributeHeaderBytes <= payload.length; ) {
    const length = payload.readUInt16LE(at);
    if (length < attributeHeaderBytes || at + length > payload.length) break;
    const type = payload.readUInt16LE(at + 2) & attributeTypeMask;
    attributes.set(type, payload.subarray(at + attributeHeaderBytes, at + length));
    at += padded(length);
  }
  return attributes;
}

/** What an acknowledgement says about its request: undefined when it succeeded or is tolerated. */
export function failureOf(
  request: NetlinkRequest,
  acknowledgement: NetlinkMessage,
): BerthError | undefined {
  const errno = acknowledgement.payload.readInt32LE(0);
  if (errno === 0) return undefined;
  const code = getSystemErrorName(errno);
  if (request.tolerate?.includes(code)) return undefined;
  const detail =
    acknowledgement.flags & ackWithAttributes
      ? decodeAttributes(acknowledgement.payload, acknowledgementBytes).get(ackMessageAttribute)
      : undefined;
  const reason = detail ? `${detail.toString().replace(/\0.*$/s, '')} (${code})` : code;
  return internal(`${request.purpose}: ${reason}`, { code });
}
