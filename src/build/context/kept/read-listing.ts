import { type Digest, fileTypes, invalid } from '../../../core/index.ts';
import { digestXattrs } from '../../../image/index.ts';
import type { UnpackLimits } from '../../ports.ts';
import type { RemoteEntry } from '../../remote-folder.ts';

import type { ContextListing } from './context-listing.ts';
import { compareWalk, findInWalk } from './walk-order.ts';

const longestPath = 4095;
const longestName = 255;
/** Empty parts, `.` and `..`, and what C takes for an end. */
const badPath = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;
const mostLongNs = 2n ** 63n - 1n;

/**
 * Collects a listing that comes from outside. Throws `invalid` unless it is sorted, names every
 * directory before what is in it, nothing twice, and keeps to the limits.
 */
export async function readListing(
  batches: AsyncIterable<readonly RemoteEntry[]>,
  limits: UnpackLimits,
  signal: AbortSignal,
): Promise<ContextListing> {
  const reader = new ListingReader(limits);
  for await (const batch of batches) {
    signal.throwIfAborted();
    for (const entry of batch) reader.add(entry);
  }
  return reader.finish();
}

class ListingReader {
  readonly #limits: UnpackLimits;
  readonly #paths: string[] = [];
  readonly #links = new Map<number, string>();
  readonly #devices = new Map<number, readonly [number, number]>();
  readonly #xattrs = new Map<number, ReadonlyMap<string, Uint8Array>>();
  readonly #xattrsDigests = new Map<number, Digest>();
  /** Directories the last entry is in, each in the one before it. */
  readonly #open: string[] = [];
  #sizeBytes = 0;
  #columns = columnsOf(1024);

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
  }

  add(entry: RemoteEntry): void {
    const number = this.#paths.length;
    const { path, type, mode, uid, gid } = entry;
    if (number >= this.#limits.entries) throw invalid('load context: it has too many files');
    this.#place(path);
    const typeNumber = fileTypes.indexOf(type);
    if (typeNumber < 0) throw bad(path, `its type ${JSON.stringify(type)} is not known`);
    if (![mode, uid, gid].every(isWord)) throw bad(path, 'its mode or owner is no number');
    if (number === this.#columns.types.length) this.#columns = grown(this.#columns);
    this.#columns.types[number] = typeNumber;
    this.#columns.modes[number] = type === 'symlink' ? 0o777 : mode & 0o7777;
    this.#columns.uids[number] = uid;
    this.#columns.gids[number] = gid;
    this.#columns.mtimesNs[number] = entry.mtimeNs;
    this.#paths.push(path);
    this.#addLink(entry, number);
    if (type === 'directory') this.#open.push(path);
    else if (type === 'file') this.#addSize(entry, number);
    else if (type.endsWith('-device')) this.#addDevice(entry, number);
    this.#addXattrs(entry, number);
  }

  /** Checks a path, and that it stands after the last one and in a directory that was listed. */
  #place(path: string): void {
    if (path.length > longestPath || badPath.test(path)) throw bad(path, 'it is no clean path');
    const previous = this.#paths.at(-1);
    if (previous !== undefined && compareWalk(previous, path) >= 0) {
      throw bad(path, 'it is not in order, or twice');
    }
    const open = this.#open;
    while (open.length > 0 && !isBelow(path, open[open.length - 1]!)) open.pop();
    const slash = path.lastIndexOf('/');
    if (path.slice(0, Math.max(slash, 0)) !== (open.at(-1) ?? '')) {
      throw bad(path, 'what it is in is no directory');
    }
    if (Buffer.byteLength(path) - slash - 1 > longestName && nameBytes(path) > longestName) {
      throw bad(path, 'its name is too long');
    }
  }

  #addLink({ path, type, linkTarget }: RemoteEntry, number: number): void {
    if (type === 'symlink') {
      const isGood = linkTarget !== '' && linkTarget.length <= longestPath;
      if (!isGood || linkTarget.includes('\0')) throw bad(path, 'a link leads nowhere');
      this.#links.set(number, linkTarget);
    } else if (type === 'file' && linkTarget !== '') {
      const target = findInWalk(this.#paths, linkTarget);
      const isFile = target >= 0 && target < number && this.#isPlainFile(target);
      if (!isFile) throw bad(path, 'the file it is another name of was not listed before it');
      this.#links.set(number, linkTarget);
    }
  }

  #isPlainFile(number: number): boolean {
    return fileTypes[this.#columns.types[number]!] === 'file' && !this.#links.has(number);
  }

  #addSize({ path, sizeBytes, linkTarget }: RemoteEntry, number: number): void {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw bad(path, 'its size is no size');
    this.#columns.sizes[number] = sizeBytes;
    if (linkTarget !== '') return;
    this.#sizeBytes += sizeBytes;
    if (this.#sizeBytes > this.#limits.bytes) throw invalid('load context: it is too large');
  }

  #addDevice({ path, deviceMajor, deviceMinor }: RemoteEntry, number: number): void {
    if (!isWord(deviceMajor) || !isWord(deviceMinor)) throw bad(path, 'it is no device');
    this.#devices.set(number, [deviceMajor, deviceMinor]);
  }

  #addXattrs({ path, xattrs, mtimeNs }: RemoteEntry, number: number): void {
    if (mtimeNs > mostLongNs || mtimeNs < -mostLongNs) throw bad(path, 'its time is no time');
    const names = Object.keys(xattrs);
    if (names.length === 0) return;
    const own = new Map(Object.entries(xattrs));
    if (names.some((name) => name.includes('\0'))) throw bad(path, 'an attribute has no good name');
    this.#xattrs.set(number, own);
    const digest = digestXattrs(own);
    if (digest) this.#xattrsDigests.set(number, digest);
  }

  finish(): ContextListing {
    const count = this.#paths.length;
    const { types, modes, uids, gids, sizes, mtimesNs } = this.#columns;
    return {
      count,
      sizeBytes: this.#sizeBytes,
      paths: this.#paths,
      types: types.slice(0, count),
      modes: modes.slice(0, count),
      uids: uids.slice(0, count),
      gids: gids.slice(0, count),
      sizes: sizes.slice(0, count),
      mtimesNs: mtimesNs.slice(0, count),
      links: this.#links,
      devices: this.#devices,
      xattrs: this.#xattrs,
      xattrsDigests: this.#xattrsDigests,
    };
  }
}

function columnsOf(capacity: number) {
  return {
    types: new Uint8Array(capacity),
    modes: new Uint16Array(capacity),
    uids: new Uint32Array(capacity),
    gids: new Uint32Array(capacity),
    sizes: new Float64Array(capacity),
    mtimesNs: new BigInt64Array(capacity),
  };
}

function grown(columns: ReturnType<typeof columnsOf>): ReturnType<typeof columnsOf> {
  const more = columnsOf(columns.types.length * 2);
  more.types.set(columns.types);
  more.modes.set(columns.modes);
  more.uids.set(columns.uids);
  more.gids.set(columns.gids);
  more.sizes.set(columns.sizes);
  more.mtimesNs.set(columns.mtimesNs);
  return more;
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory) && path[directory.length] === '/';
}

function nameBytes(path: string): number {
  return Buffer.byteLength(path.slice(path.lastIndexOf('/') + 1));
}

const isWord = (value: number) => Number.isInteger(value) && value >= 0 && value < 2 ** 32;

function bad(path: string, why: string) {
  return invalid(`load context: ${JSON.stringify(path.slice(0, 200))}: ${why}`);
}
