import { invalid } from '../../core/index.ts';
import { largestId } from './header-block.ts';
import { memberText, quoteMember } from './member-text.ts';
import type { Extent } from './sparse.ts';

/** What extended headers say of a member, over what its own header says. */
export interface PaxFields {
  path?: string;
  linkTarget?: string;
  sizeBytes?: number;
  uid?: number;
  gid?: number;
  mtimeS?: number;
  uname?: string;
  gname?: string;
  xattrs?: Map<string, Buffer>;
  sparse?: SparseFields;
}

/** The GNU.sparse.* records: formats 0.0 and 0.1 carry the extents here, 1.0 in the content. */
export interface SparseFields {
  name?: string;
  realSizeBytes?: number;
  extents?: Extent[];
  major?: number;
  minor?: number;
  /** Offset of a 0.0 record whose length has not come yet. */
  openOffset?: number;
}

const xattrPrefix = 'SCHILY.xattr.';
const sparsePrefix = 'GNU.sparse.';

/** Calls `visit` for each `length key=value\n` record in turn. Throws `invalid` on a malformed one. */
function readPaxRecords(
  bytes: Buffer,
  visit: (key: string, valueStart: number, valueEnd: number) => void,
): void {
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? '' : bytes.toString('latin1', at, Math.min(space, at + 8));
    const end = at + Number(digits);
    if (!/^[1-9]\d{0,6}$/.test(digits) || end > bytes.length || end <= space + 1) {
      throw badRecord(bytes, at, 'its length is wrong');
    }
    if (bytes[end - 1] !== 0x0a) throw badRecord(bytes, at, 'it does not end with a newline');
    const equals = bytes.indexOf(0x3d, space + 1);
    if (equals <= space + 1 || equals >= end) throw badRecord(bytes, at, 'it has no key');
    const key = memberText(bytes, space + 1, equals);
    if (key.includes('\0')) throw badRecord(bytes, at, 'its key holds a NUL');
    visit(key, equals + 1, end - 1);
    at = end;
  }
}

/** The fields of one extended header ('x'). */
export function readPaxFields(bytes: Buffer): PaxFields {
  const fields: PaxFields = {};
  readPaxRecords(bytes, (key, start, end) => {
    if (key.startsWith(xattrPrefix)) {
      fields.xattrs ??= new Map();
      fields.xattrs.set(key.slice(xattrPrefix.length), Buffer.from(bytes.subarray(start, end)));
    } else if (key.startsWith(sparsePrefix)) {
      fields.sparse ??= {};
      addSparse(fields.sparse, key.slice(sparsePrefix.length), textOf(bytes, key, start, end));
    } else if (start < end) {
      // An empty value means: as the member's own header has it.
      addField(fields, key, textOf(bytes, key, start, end));
    }
  });
  return fields;
}

/** As `readPaxFields` for a global header, in which naming or sizing members makes no sense. */
export function readGlobalPaxFields(bytes: Buffer): PaxFields {
  const fields = readPaxFields(bytes);
  for (const key of ['path', 'linkTarget', 'sizeBytes', 'sparse'] as const) {
    if (fields[key] !== undefined) {
      throw invalid(`read tar: global pax header sets the ${key} of every member`);
    }
  }
  return fields;
}

function addField(fields: PaxFields, key: string, text: string): void {
  switch (key) {
    case 'path':
      fields.path = text;
      break;
    case 'linkpath':
      fields.linkTarget = text;
      break;
    case 'uname':
    case 'gname':
      fields[key] = text;
      break;
    case 'size':
      fields.sizeBytes = decimal(key, text);
      break;
    case 'uid':
    case 'gid':
      fields[key] = decimal(key, text, largestId);
      break;
    case 'mtime':
      if (!/^-?\d{1,15}(\.\d*)?$/.test(text)) throw badValue(key, text);
      fields.mtimeS = Number(text);
      break;
  }
}

function addSparse(sparse: SparseFields, key: string, text: string): void {
  switch (key) {
    case 'name':
      sparse.name = text;
      break;
    case 'size':
    case 'realsize':
      sparse.realSizeBytes = decimal(key, text);
      break;
    case 'major':
    case 'minor':
      sparse[key] = decimal(key, text);
      break;
    case 'offset':
      sparse.openOffset = decimal(key, text);
      break;
    case 'numbytes':
      if (sparse.openOffset === undefined) throw invalid('read tar: sparse map lacks an offset');
      sparse.extents ??= [];
      sparse.extents.push({ offset: sparse.openOffset, sizeBytes: decimal(key, text) });
      sparse.openOffset = undefined;
      break;
    case 'map':
      sparse.extents = readMap(text);
      break;
  }
}

function readMap(text: string): Extent[] {
  if (text === '') return [];
  const numbers = text.split(',').map((part) => decimal('sparse map', part));
  if (numbers.length % 2 !== 0) throw invalid('read tar: sparse map has an odd count of numbers');
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    offset: numbers[2 * i]!,
    sizeBytes: numbers[2 * i + 1]!,
  }));
}

function decimal(what: string, text: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^\d{1,19}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= most)) throw badValue(what, text);
  return value;
}

function textOf(bytes: Buffer, key: string, start: number, end: number): string {
  const text = memberText(bytes, start, end);
  if (text.includes('\0')) throw invalid(`read tar: pax record ${quoteMember(key)} holds a NUL`);
  return text;
}

function badValue(key: string, text: string) {
  return invalid(`read tar: pax record ${key} has the impossible value ${quoteMember(text)}`);
}

function badRecord(bytes: Buffer, at: number, why: string) {
  const start = quoteMember(bytes.toString('latin1', at, at + 40));
  return invalid(`read tar: pax record ${start} is malformed: ${why}`);
}
