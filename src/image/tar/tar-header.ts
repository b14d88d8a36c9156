import { invalid } from '../../core/index.ts';
import { blockBytes, largestId } from './header-block.ts';
import { memberBytes, quoteMember } from './member-text.ts';
import type { TarEntry, TarEntryType } from './tar-entry.ts';

/** What `tarHeader` needs to know of a member: a TarEntry, most of it with a default. */
export type NewTarEntry = Pick<TarEntry, 'path' | 'type'> & Partial<TarEntry>;

export interface TarHeaderOptions {
  /** Keeps fractions of a second, which cost a pax header for nearly every member. */
  readonly subSecond?: boolean;
}

const flagOfType: Record<TarEntryType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'character-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
};

const paxHeaderPath = Buffer.from('././@PaxHeader');
const mostOctal7 = 0o7777777;
const mostOctal11 = 0o77777777777;

/**
 * The header blocks of a member, in the one form Berth writes: ustar, with a pax header before it
 * only for what ustar cannot hold. The same entry always gives the same bytes. The content and
 * `tarPadding` follow it. Throws `invalid` for what cannot be written (NUL in a name, ids or times
 * out of range).
 */
export function tarHeader(entry: NewTarEntry, options: TarHeaderOptions = {}): Buffer {
  const member = normalised(entry, options);
  const records = paxRecords(member);
  const block = headerBlock(member);
  if (records.length === 0) return block;
  const content = Buffer.concat(records);
  const header = headerBlock({
    path: paxHeaderPath,
    linkTarget: Buffer.alloc(0),
    flag: 'x',
    mode: 0o644,
    uid: 0,
    gid: 0,
    uname: Buffer.alloc(0),
    gname: Buffer.alloc(0),
    sizeBytes: content.length,
    mtimeS: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
  });
  return Buffer.concat([header, content, tarPadding(content.length), block]);
}

/** The zeros that fill the last block of content of this size. */
export function tarPadding(sizeBytes: number): Buffer {
  return padding.subarray(0, (blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** The two blocks of zeros that end an archive. */
export const tarTrailer: Uint8Array = Buffer.alloc(2 * blockBytes);

const padding = Buffer.alloc(blockBytes);

type Member = Omit<TarEntry, 'path' | 'linkTarget' | 'uname' | 'gname' | 'type'> & {
  readonly path: Buffer;
  readonly linkTarget: Buffer;
  readonly uname: Buffer;
  readonly gname: Buffer;
  readonly flag: string;
};

function normalised(entry: NewTarEntry, { subSecond }: TarHeaderOptions): Member {
  const { type } = entry;
  const isLink = type === 'hardlink' || type === 'symlink';
  const isDevice = type === 'character-device' || type === 'block-device';
  const slashed = type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path;
  const mtimeS = entry.mtimeS ?? 0;
  return {
    path: nameBytes(slashed),
    linkTarget: nameBytes(isLink ? (entry.linkTarget ?? '') : ''),
    flag: flagOfType[type],
    mode: within(entry, 'mode', entry.mode ?? defaultMode(type), 0o7777),
    uid: within(entry, 'uid', entry.uid ?? 0, largestId),
    gid: within(entry, 'gid', entry.gid ?? 0, largestId),
    uname: nameBytes(entry.uname ?? ''),
    gname: nameBytes(entry.gname ?? ''),
    sizeBytes: type === 'file' ? within(entry, 'size', entry.sizeBytes ?? 0, 2 ** 53 - 1) : 0,
    mtimeS: subSecond ? mtimeS : Math.floor(mtimeS),
    deviceMajor: isDevice ? within(entry, 'device', entry.deviceMajor ?? 0, mostOctal7) : 0,
    deviceMinor: isDevice ? within(entry, 'device', entry.deviceMinor ?? 0, mostOctal7) : 0,
    xattrs: entry.xattrs ?? new Map(),
  };
}

function defaultMode(type: TarEntryType): number {
  if (type === 'symlink') return 0o777;
  return type === 'directory' ? 0o755 : 0o644;
}

function within(entry: NewTarEntry, what: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw invalid(`write tar: ${what} ${value} of ${quoteMember(entry.path)} is out of range`);
}

function nameBytes(text: string): Buffer {
  if (text.includes('\0')) throw invalid(`write tar: name ${quoteMember(text)} holds a NUL`);
  return memberBytes(text);
}

function paxRecords(member: Member): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: Uint8Array | string) => records.push(paxRecord(key, value));
  // Sorted by key, as the order is part of the canonical form.
  for (const name of [...member.xattrs.keys()].sort()) {
    if (name === '' || /[=\0]/.test(name)) {
      throw invalid(`write tar: extended attribute ${quoteMember(name)} cannot be named in pax`);
    }
    add(`SCHILY.xattr.${name}`, member.xattrs.get(name)!);
  }
  if (member.gid > mostOctal7) add('gid', String(member.gid));
  if (member.gname.length > 31) add('gname', member.gname);
  if (member.linkTarget.length > 100) add('linkpath', member.linkTarget);
  if (!fitsOctalTime(member.mtimeS)) add('mtime', decimalTime(member.mtimeS));
  if (!splitPath(member.path)) add('path', member.path);
  if (member.sizeBytes > mostOctal11) add('size', String(member.sizeBytes));
  if (member.uid > mostOctal7) add('uid', String(member.uid));
  if (member.uname.length > 31) add('uname', member.uname);
  return records;
}

function fitsOctalTime(mtimeS: number): boolean {
  return Number.isInteger(mtimeS) && mtimeS >= 0 && mtimeS <= mostOctal11;
}

function decimalTime(mtimeS: number): string {
  if (!Number.isFinite(mtimeS) || Math.abs(mtimeS) >= 1e15) {
    throw invalid(`write tar: modification time ${mtimeS} is out of range`);
  }
  return mtimeS.toFixed(9).replace(/\.?0+$/, '');
}

/** `length key=value\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: Uint8Array | string): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length;
  }
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** Where to part a path into ustar's prefix (155 bytes) and name (100), or undefined if it can't. */
function splitPath(path: Buffer): { prefixBytes: number } | undefined {
  if (path.length <= 100) return { prefixBytes: 0 };
  if (path.length > 256) return undefined;
  const slash = path.lastIndexOf(0x2f, Math.min(155, path.length - 2));
  return slash > 0 && path.length - slash - 1 <= 100 ? { prefixBytes: slash } : undefined;
}

function headerBlock(member: Member): Buffer {
  const block = Buffer.alloc(blockBytes);
  const { path } = member;
  const prefixBytes = splitPath(path)?.prefixBytes ?? 0;
  const name = prefixBytes > 0 ? path.subarray(prefixBytes + 1) : path;
  name.copy(block, 0, 0, 100);
  octal(block, 100, 8, member.mode);
  octal(block, 108, 8, member.uid > mostOctal7 ? 0 : member.uid);
  octal(block, 116, 8, member.gid > mostOctal7 ? 0 : member.gid);
  octal(block, 124, 12, member.sizeBytes > mostOctal11 ? 0 : member.sizeBytes);
  octal(block, 136, 12, Math.min(Math.max(0, Math.floor(member.mtimeS)), mostOctal11));
  block.write(member.flag, 156, 'latin1');
  member.linkTarget.copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  member.uname.copy(block, 265, 0, 31);
  member.gname.copy(block, 297, 0, 31);
  octal(block, 329, 8, member.deviceMajor);
  octal(block, 337, 8, member.deviceMinor);
  path.copy(block, 345, 0, prefixBytes);
  let sum = 8 * 0x20;
  for (let i = 0; i < blockBytes; i++) sum += block[i]!;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
}
