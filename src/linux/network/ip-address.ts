import { isIPv4, isIPv6 } from 'node:net';
import { invalid } from '../../core/index.ts';

/** An IPv4 or IPv6 address as a number, so that ranges are arithmetic. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A block of addresses, such as 172.17.0.0/16; `value` has no bit set beyond `length`. */
export interface IpPrefix extends IpAddress {
  readonly length: number;
}

export const addressBits = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Throws `invalid` when the text is no address; zone indices (`%eth0`) are none. */
export function parseAddress(text: string): IpAddress {
  if (isIPv4(text)) {
    const value = text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { family: 4, value };
  }
  if (!isIPv6(text) || text.includes('%')) throw invalid(`invalid IP address: ${text}`);
  const hex = text.replace(/[0-9.]+$/, (tail) => (tail.includes('.') ? asGroups(tail) : tail));
  const [head = '', rest] = hex.split('::');
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groupsOf(head);
  const right = groupsOf(rest ?? '');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  const value = groups.reduce((sum, group) => sum * 0x10000n + BigInt(`0x${group}`), 0n);
  return { family: 6, value };
}

function asGroups(dotted: string): string {
  const { value } = parseAddress(dotted);
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

/** The canonical text: dotted, or RFC 5952. */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  );
  const zeros = [...groups.join(':').matchAll(/\b0(?::0)+\b/g)];
  const longest = zeros.reduce((best, run) => (run[0].length > best.length ? run[0] : best), '');
  const text = groups.join(':');
  if (longest === '') return text;
  const at = zeros.find((run) => run[0] === longest)!.index;
  const before = text.slice(0, at).replace(/:$/, '');
  const after = text.slice(at + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** 4 or 16 bytes, most significant first. */
export function addressToBytes({ family, value }: IpAddress): Buffer {
  return Buffer.from(value.toString(16).padStart(addressBits(family) / 4, '0'), 'hex');
}

/** The address of 4 or 16 bytes. */
export function addressFromBytes(bytes: Uint8Array): IpAddress {
  const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  return { family: bytes.length === 4 ? 4 : 6, value };
}

/**
 * Splits `172.17.0.1/16` into the address as written and the block it lies in. Throws `invalid`
 * without a length or with one out of range.
 */
export function parseCidr(text: string): { address: IpAddress; prefix: IpPrefix } {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (!match) throw invalid(`invalid CIDR address: ${text}`);
  const address = parseAddress(match[1]!);
  const length = Number(match[2]);
  if (length > addressBits(address.family)) throw invalid(`invalid CIDR address: ${text}`);
  return { address, prefix: prefixOf(address, length) };
}

/** The block of that length around the address. */
function prefixOf({ family, value }: IpAddress, length: number): IpPrefix {
  const free = BigInt(addressBits(family) - length);
  return { family, value: (value >> free) << free, length };
}

export function formatPrefix(prefix: IpPrefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** The highest address of the block: IPv4's broadcast address. */
export function lastAddress({ family, value, length }: IpPrefix): IpAddress {
  return { family, value: value + (1n << BigInt(addressBits(family) - length)) - 1n };
}

/** Whether an address, or the whole of another block, lies in the block. */
export function contains(outer: IpPrefix, inner: IpAddress & { length?: number }): boolean {
  return (
    outer.family === inner.family &&
    (inner.length ?? Number.MAX_SAFE_INTEGER) >= outer.length &&
    prefixOf(inner, outer.length).value === outer.value
  );
}

export function overlap(a: IpPrefix, b: IpPrefix): boolean {
  return contains(a, b) || contains(b, a);
}
