import { invalid } from '../../core/index.ts';
import type { HeaderBlock } from './header-block.ts';
import { memberText, quoteMember } from './member-text.ts';
import { type PaxFields, readGlobalPaxFields, readPaxFields, type SparseFields } from './pax.ts';
import type { TarEntry, TarEntryType } from './tar-entry.ts';

/** Bytes of an extended header or long name: no honest archive comes near. */
export const mostHeaderBytes = 1 << 20;

/** Gathers the headers that speak of the member after them, and applies them to it. */
export interface Extensions {
  /** Takes the content of a pax ('x', 'X', 'g') or GNU long name ('L', 'K') header. */
  add(typeFlag: string, content: Buffer): void;
  /** The member of this header with all that was said of it, which is then forgotten. */
  applyTo(header: HeaderBlock): { entry: TarEntry; storedBytes: number; sparse?: SparseFields };
  /** Whether something was said of a member that has not come. */
  readonly pending: boolean;
}

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

const typeOfFlag: Record<string, TarEntryType> = {
  '\0': 'file',
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

export function isExtensionFlag(flag: string): boolean {
  return flag === 'x' || flag === 'g' || flag === 'X' || flag === 'L' || flag === 'K';
}

export function createExtensions(): Extensions {
  let globals: PaxFields | undefined;
  let globalBytes = 0;
  let own: PaxFields | undefined;
  let isPending = false;

  const addGlobals = (content: Buffer) => {
    globalBytes += content.length;
    if (globalBytes > mostHeaderBytes) {
      throw invalid(`read tar: global pax headers are over ${mostHeaderBytes} bytes`);
    }
    globals = merged(globals ?? {}, readGlobalPaxFields(content));
  };

  let longPath: string | undefined;
  let longLink: string | undefined;

  return {
    add(typeFlag, content) {
      if (typeFlag === 'g') return addGlobals(content);
      isPending = true;
      if (typeFlag === 'L') longPath = longText(content);
      else if (typeFlag === 'K') longLink = longText(content);
      else own = readPaxFields(content);
    },

    applyTo(header) {
      if (!isPending && !globals) {
        return { entry: entryOf(header, {}), storedBytes: storedBytesOf(header, {}) };
      }
      const fields = merged(globals ?? {}, own ?? {});
      // GNU's long names win over pax ones, as in Go's reader, whose view Docker's users share.
      if (longPath !== undefined) fields.path = longPath;
      if (longLink !== undefined) fields.linkTarget = longLink;
      own = undefined;
      longPath = undefined;
      longLink = undefined;
      isPending = false;
      if (fields.sparse?.name) fields.path = fields.sparse.name;
      const entry = entryOf(header, fields);
      const storedBytes = storedBytesOf(header, fields);
      return entry.type === 'file'
        ? { entry, storedBytes, sparse: fields.sparse }
        : { entry, storedBytes };
    },

    get pending() {
      return isPending;
    },
  };
}

function entryOf(header: HeaderBlock, fields: PaxFields): TarEntry {
  const path = fields.path ?? header.path;
  const type = typeOf(header, path);
  const isLink = type === 'hardlink' || type === 'symlink';
  return {
    path,
    type,
    mode: header.mode,
    uid: fields.uid ?? header.uid,
    gid: fields.gid ?? header.gid,
    uname: fields.uname ?? header.uname,
    gname: fields.gname ?? header.gname,
    sizeBytes: type === 'file' ? storedBytesOf(header, fields) : 0,
    mtimeS: fields.mtimeS ?? header.mtimeS,
    linkTarget: isLink ? (fields.linkTarget ?? header.linkTarget) : '',
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    xattrs: fields.xattrs ?? noXattrs,
  };
}

/** Only files have content; whatever size other members claim, none follows, as in Go's reader. */
function storedBytesOf(header: HeaderBlock, fields: PaxFields): number {
  const hasContent = '\x0007S'.includes(header.typeFlag);
  return hasContent ? (fields.sizeBytes ?? header.sizeBytes) : 0;
}

function typeOf(header: HeaderBlock, path: string): TarEntryType {
  const type = typeOfFlag[header.typeFlag];
  if (!type) {
    const flag = quoteMember(header.typeFlag);
    throw invalid(`read tar: member ${quoteMember(path)} is of the unknown type ${flag}`);
  }
  if (header.typeFlag !== '\0' || !path.endsWith('/')) return type;
  // Before ustar, a trailing slash was all that marked a directory.
  if (header.sizeBytes > 0) {
    throw invalid(`read tar: directory ${quoteMember(path)} claims ${header.sizeBytes} bytes`);
  }
  return 'directory';
}

function merged(earlier: PaxFields, later: PaxFields): PaxFields {
  const both = { ...earlier, ...later };
  if (earlier.xattrs && later.xattrs) both.xattrs = new Map([...earlier.xattrs, ...later.xattrs]);
  return both;
}

/** A GNU long name: text up to the NULs at its end. */
function longText(content: Buffer): string {
  let end = content.length;
  while (end > 0 && content[end - 1] === 0) end--;
  const text = memberText(content, 0, end);
  if (text.includes('\0')) throw invalid(`read tar: long name ${quoteMember(text)} holds a NUL`);
  return text;
}
