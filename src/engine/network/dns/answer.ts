import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from 'dns-packet';
import { addressFromBytes, formatAddress } from '../../../linux/index.ts';
import type { NameIndex } from './name-index.ts';

/** What to do with a query: answer it so, ask the outside, or stay silent. */
export type Decision =
  | { readonly kind: 'answer'; readonly reply: Buffer }
  | { readonly kind: 'forward' }
  | { readonly kind: 'ignore' };

export const responseCode = {
  formatError: 1,
  serverFailure: 2,
  notImplemented: 4,
  refused: 5,
} as const;

/** Of any DNS message. */
export const headerBytes = 12;
const flag = { response: 0x8000, recursionAvailable: 0x80 };
const opcodeMask = 0x7800;
const plainUdpBytes = 512;
const ourUdpBytes = 1232;
/** Short, as containers come and go. */
const ttlS = 5;

/** Decides on one query (RFC 1035, hostile) of the container `asker`. Pure. */
export function answerQuery(
  message: Buffer,
  options: { asker: string; names: NameIndex; transport: 'udp' | 'tcp' },
): Decision {
  if (message.length < headerBytes) return { kind: 'ignore' };
  const flags = message.readUInt16BE(2);
  if (flags & flag.response) return { kind: 'ignore' };
  if (flags & opcodeMask) return refuse(message, responseCode.notImplemented);
  const question = readQuestion(message);
  if (!question) return refuse(message, responseCode.formatError);
  if (question.class !== 'IN') return { kind: 'forward' };
  const answers = answersTo(question, options.asker, options.names);
  if (!answers) return { kind: 'forward' };
  const limitBytes = options.transport === 'tcp' ? 65535 : udpLimit(message);
  return { kind: 'answer', reply: buildReply(message, question, answers, limitBytes) };
}

/** A reply without answers; its question is repeated where it can be read. */
export function errorReply(message: Buffer, code: number): Buffer {
  const end = questionEnd(message);
  const reply = Buffer.from(message.subarray(0, end));
  const flags = reply.readUInt16BE(2) & 0x7900;
  reply.writeUInt16BE(flags | flag.response | flag.recursionAvailable | code, 2);
  reply.writeUInt16BE(end > headerBytes ? 1 : 0, 4);
  reply.fill(0, 6, headerBytes);
  return reply;
}

const refuse = (message: Buffer, code: number): Decision => ({
  kind: 'answer',
  reply: errorReply(message, code),
});

/** The one question of the query, or undefined. The rest of the message is not looked at. */
function readQuestion(message: Buffer): Question | undefined {
  if (message.readUInt16BE(4) !== 1 || message.readUInt16BE(6) !== 0) return undefined;
  const alone = Buffer.from(message);
  alone.fill(0, 6, headerBytes);
  try {
    return decode(alone).questions?.[0];
  } catch {
    return undefined;
  }
}

/** Where the question section ends; the header's end when it cannot be read. */
function questionEnd(message: Buffer): number {
  if (message.readUInt16BE(4) !== 1) return headerBytes;
  for (let at = headerBytes; at < message.length; ) {
    const length = message[at]!;
    if (length === 0) return at + 5 <= message.length ? at + 5 : headerBytes;
    if (length > 63) break;
    at += length + 1;
  }
  return headerBytes;
}

/** Undefined when the name is none of ours. */
function answersTo(question: Question, asker: string, names: NameIndex): Answer[] | undefined {
  const name = question.name.replace(/\.$/, '');
  const { type } = question;
  if (type === 'PTR') {
    const address = reverseAddress(name);
    const owner = address && names.reverse(asker, address);
    if (!owner) return undefined;
    const data = `${owner.containerName}.${owner.networkName}`;
    return [{ type: 'PTR', name: question.name, ttl: ttlS, data }];
  }
  const owners = names.resolve(asker, name);
  if (owners.length === 0) return undefined;
  if (type !== 'A' && type !== 'AAAA') return [];
  return owners
    .map(({ ipv4, ipv6 }) => (type === 'A' ? ipv4 : ipv6))
    .filter((address) => address !== '')
    .map((data) => ({ type, name: question.name, ttl: ttlS, data }));
}

/** The address of a reverse name (RFC 1035 3.5, RFC 3596 2.5), or undefined. */
function reverseAddress(name: string): string | undefined {
  const lower = name.toLowerCase();
  const ipv4 = /^((?:\d{1,3}\.){3}\d{1,3})\.in-addr\.arpa$/.exec(lower);
  if (ipv4) return ipv4[1]!.split('.').reverse().join('.');
  const ipv6 = /^((?:[0-9a-f]\.){31}[0-9a-f])\.ip6\.arpa$/.exec(lower);
  if (!ipv6) return undefined;
  const hex = ipv6[1]!.split('.').reverse().join('');
  return formatAddress(addressFromBytes(Buffer.from(hex, 'hex')));
}

function buildReply(
  message: Buffer,
  question: Question,
  answers: Answer[],
  limitBytes: number,
): Buffer {
  const wantsEdns = message.readUInt16BE(10) > 0;
  const reply = encode({
    type: 'response',
    id: message.readUInt16BE(0),
    flags:
      AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | (message.readUInt16BE(2) & RECURSION_DESIRED),
    questions: [question],
    answers,
    additionals: wantsEdns
      ? [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: ourUdpBytes,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  });
  if (reply.length <= limitBytes) return reply;
  // The client asks again by TCP (RFC 2181 section 9).
  const cut = errorReply(message, 0);
  cut[2]! |= 0x02;
  return cut;
}

/** What a client takes by UDP: what its OPT record, the last of the message, says (RFC 6891). */
function udpLimit(message: Buffer): number {
  if (message.readUInt16BE(10) === 0) return plainUdpBytes;
  const at = questionEnd(message);
  const isOpt =
    message.length >= at + 5 && message[at] === 0 && message.readUInt16BE(at + 1) === 41;
  if (!isOpt) return plainUdpBytes;
  return Math.min(Math.max(message.readUInt16BE(at + 3), plainUdpBytes), ourUdpBytes);
}
