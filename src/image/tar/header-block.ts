import { invalid } from '../../core/index.ts';
import { memberText, quoteMember } from './member-text.ts';

export const blockBytes = 512;

/** The fields of one 512-byte header, before any extended header is applied. */
export interface HeaderBlock {
  /** v7 knows neither prefix nor owner names; GNU keeps other things where ustar has its prefix. */
  readonly format: 'v7' | 'ustar' | 'gnu';
  readonly path: string;
  readonly typeFlag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeS: number;
  readonly linkTarget: string;
  readonly uname: string;
  readonly gname: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/** Largest id the kernel takes: the next one, (uid_t)-1, means "leave as it is" to chown. */
export const largestId = 0xfffffffe;

/**
 * Decodes the header at `at`, or gives null for a block of zeros. Throws `invalid` for a bad
 * checksum or number (POSIX ustar, v7, GNU and star).
 */
export function readHeaderBlock(bytes: Buffer, at: number): HeaderBlock | null {
  let sum = 0;
  for (let i = at; i < at + blockBytes; i++) sum += bytes[i]!;
  if (sum === 0) return null;
  checkSum(bytes, at, sum);

  const format = formatOf(bytes, at);
  const name = field(bytes, at, 100);
  const typeFlag = String.fromCharCode(bytes[at + 156]!);
  const isDevice = typeFlag === '3' || typeFlag === '4';
  const named = format !== 'v7';
  const header = {
    format,
    path: format === 'ustar' ? withPrefix(bytes, at, name) : name,
    typeFlag,
    mode: number(bytes, at, 100, 8) & 0o7777,
    uid: number(bytes, at, 108, 8),
    gid: number(bytes, at, 116, 8),
    sizeBytes: number(bytes, at, 124, 12),
    mtimeS: number(bytes, at, 136, 12),
    linkTarget: field(bytes, at + 157, 100),
    uname: named ? field(bytes, at + 265, 32) : '',
    gname: named ? field(bytes, at + 297, 32) : '',
    deviceMajor: named && isDevice ? number(bytes, at, 329, 8) : 0,
    deviceMinor: named && isDevice ? number(bytes, at, 337, 8) : 0,
  } satisfies HeaderBlock;
  refuseBadNumbers(header);
  return header;
}

function refuseBadNumbers(header: HeaderBlock): void {
  const { sizeBytes, uid, gid, deviceMajor, deviceMinor } = header;
  if (sizeBytes < 0) throw badNumber(header.path, 'size', sizeBytes);
  if (uid < 0 || uid > largestId) throw badNumber(header.path, 'user id', uid);
  if (gid < 0 || gid > largestId) throw badNumber(header.path, 'group id', gid);
  if (deviceMajor < 0 || deviceMinor < 0) throw badNumber(header.path, 'device', deviceMajor);
}

function badNumber(path: string, what: string, value: number | string) {
  return invalid(`read tar: member ${quoteMember(path)} has an impossible ${what} ${value}`);
}

/** An octal or base-256 field of a header or GNU sparse block. */
export function number(bytes: Buffer, block: number, offset: number, length: number): number {
  let at = block + offset;
  const end = at + length;
  if (bytes[at]! & 0x80) return binaryNumber(bytes, at, end);
  while (at < end && (bytes[at] === 0x20 || bytes[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (at < end && bytes[at] !== 0x20 && bytes[at] !== 0) {
    const text = quoteMember(bytes.toString('latin1', block + offset, end));
    throw invalid(`read tar: header field at ${offset} is ${text}, not an octal number`);
  }
  return value;
}

/** GNU base-256: two's complement, the top bit of the first byte only marking the form. */
function binaryNumber(bytes: Buffer, start: number, end: number): number {
  const negative = (bytes[start]! & 0x40) !== 0;
  const flip = negative ? 0xff : 0;
  let value = (bytes[start]! ^ flip) & 0x7f;
  for (let at = start + 1; at < end; at++) value = value * 256 + (bytes[at]! ^ flip);
  if (value > Number.MAX_SAFE_INTEGER) {
    throw invalid('read tar: header has a number beyond 2^53');
  }
  return negative ? -value - 1 : value;
}

function checkSum(bytes: Buffer, at: number, sumOfAll: number): void {
  let unsigned = sumOfAll + 8 * 0x20;
  for (let i = at + 148; i < at + 156; i++) unsigned -= bytes[i]!;
  const stated = number(bytes, at, 148, 8);
  if (stated === unsigned) return;
  // Some historic tars summed signed characters.
  let signed = 8 * 0x20;
  for (let i = 0; i < blockBytes; i++) {
    if (i < 148 || i >= 156) signed += bytes.readInt8(at + i);
  }
  if (stated !== signed) {
    throw invalid(`read tar: header checksum is ${stated}, its bytes give ${unsigned}`);
  }
}

function formatOf(bytes: Buffer, at: number): HeaderBlock['format'] {
  const magic = bytes.toString('latin1', at + 257, at + 263);
  if (magic === 'ustar\0') return 'ustar';
  return magic === 'ustar ' ? 'gnu' : 'v7';
}

function withPrefix(bytes: Buffer, at: number, name: string): string {
  if (bytes[at + 345] === 0) return name;
  // star marks its headers, in which two times follow a shorter prefix.
  const isStar = bytes.toString('latin1', at + 508, at + 512) === 'tar\0';
  return `${field(bytes, at + 345, isStar ? 131 : 155)}/${name}`;
}

function field(bytes: Buffer, start: number, length: number): string {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return end === start ? '' : memberText(bytes, start, end);
}
