/**
 * rpm's database until 4.15: a hash table of Berkeley DB, of which the page layout alone is needed
 * (db_page.h of Berkeley DB 4 and 5). Every page is looked at once, so that no chain of the file's
 * own making can lead round in circles.
 */
const hashMagic = 0x00061561;
const magicOffset = 12;
const pageHeaderBytes = 26;

const hashPage = 13;
const unsortedHashPage = 2;
const overflowPage = 7;

const inPage = 1;
const onOverflowPages = 3;

interface Pages {
  readonly bytes: Buffer;
  readonly pageBytes: number;
  readonly count: number;
  u16(at: number): number;
  u32(at: number): number;
}

export function isBerkeleyHash(bytes: Buffer): boolean {
  if (bytes.length < 512) return false;
  return (
    bytes.readUInt32LE(magicOffset) === hashMagic || bytes.readUInt32BE(magicOffset) === hashMagic
  );
}

/** The package headers in the table, undefined for one that cannot be read. */
export function berkeleyHeaders(bytes: Buffer): Buffer[] | undefined {
  const pages = pagesOf(bytes);
  if (!pages) return undefined;
  const headers: Buffer[] = [];
  const taken = new Uint8Array(pages.count);
  for (let page = 0; page < pages.count; page++) {
    const type = bytes[page * pages.pageBytes + 25];
    if (type !== hashPage && type !== unsortedHashPage) continue;
    for (const value of valuesOf(pages, page, taken)) {
      if (!value) return undefined;
      headers.push(value);
    }
  }
  return headers;
}

function pagesOf(bytes: Buffer): Pages | undefined {
  const isLittle = bytes.readUInt32LE(magicOffset) === hashMagic;
  const u32 = (at: number) => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const u16 = (at: number) => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const pageBytes = u32(20);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (pageBytes < 512 || pageBytes > 65_536 || !isPowerOfTwo) return undefined;
  return { bytes, pageBytes, count: Math.floor(bytes.length / pageBytes), u16, u32 };
}

/** Keys and values alternate; the table's key 0, which counts packages, has a value too short. */
function* valuesOf(
  pages: Pages,
  page: number,
  taken: Uint8Array,
): Generator<Buffer | undefined, void, undefined> {
  const { bytes, pageBytes, u16, u32 } = pages;
  const start = page * pageBytes;
  const entries = u16(start + 20);
  if (pageHeaderBytes + entries * 2 > pageBytes) return yield undefined;
  const offsetOf = (entry: number) => u16(start + pageHeaderBytes + entry * 2);
  for (let entry = 1; entry < entries; entry += 2) {
    const from = offsetOf(entry);
    // Items fill the page from its end, so each ends where the one before begins.
    const to = offsetOf(entry - 1);
    if (from < pageHeaderBytes || from >= to || to > pageBytes) return yield undefined;
    const kind = bytes[start + from];
    if (kind === inPage) {
      if (to - from > 8) yield bytes.subarray(start + from + 1, start + to);
    } else if (kind === onOverflowPages) {
      if (to - from < 12) return yield undefined;
      const [first, sizeBytes] = [u32(start + from + 4), u32(start + from + 8)];
      yield overflowed(pages, { first, sizeBytes, taken });
    } else return yield undefined;
  }
}

function overflowed(
  { bytes, pageBytes, count, u16, u32 }: Pages,
  { first, sizeBytes, taken }: { first: number; sizeBytes: number; taken: Uint8Array },
): Buffer | undefined {
  const parts: Buffer[] = [];
  let left = sizeBytes;
  for (let page = first; left > 0; page = u32(page * pageBytes + 16)) {
    if (page === 0 || page >= count || taken[page]) return undefined;
    taken[page] = 1;
    const start = page * pageBytes;
    const used = u16(start + 22);
    if (bytes[start + 25] !== overflowPage || used === 0 || used > pageBytes - pageHeaderBytes) {
      return undefined;
    }
    const part = bytes.subarray(
      start + pageHeaderBytes,
      start + pageHeaderBytes + Math.min(used, left),
    );
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}
