/**
 * rpm's own database, Packages.db (rpm's lib/backend/ndb, as SUSE has it): pages of slots, each of
 * which tells where a package's header lies, in blocks.
 */
const slotBytes = 16;
const blockBytes = 16;
const pageBytes = 4096;
const headerSlots = 2;
const blobHeadBytes = 16;

const databaseMagic = 0x506d7052; // "RpmP", little-endian as all that follows
const slotMagic = 0x746f6c53; // "Slot"
const blobMagic = 0x53626c42; // "BlbS"

export function isNdb(bytes: Buffer): boolean {
  return bytes.length >= pageBytes && bytes.readUInt32LE(0) === databaseMagic;
}

/** The package headers in it, undefined for one that cannot be read. */
export function ndbHeaders(bytes: Buffer): Buffer[] | undefined {
  const isKnown = bytes.readUInt32LE(4) === 0;
  const slotPages = bytes.readUInt32LE(12);
  const slotEnd = slotPages * pageBytes;
  if (!isKnown || slotEnd > bytes.length) return undefined;
  const headers: Buffer[] = [];
  let total = 0;
  for (let at = headerSlots * slotBytes; at < slotEnd; at += slotBytes) {
    if (bytes.readUInt32LE(at) !== slotMagic) return undefined;
    const block = bytes.readUInt32LE(at + 8);
    if (block === 0) continue;
    const header = blobAt(bytes, {
      block,
      blocks: bytes.readUInt32LE(at + 12),
      index: bytes.readUInt32LE(at + 4),
    });
    // Slots of one blob each could not hold more than the file does.
    total += header?.length ?? 0;
    if (!header || total > bytes.length) return undefined;
    headers.push(header);
  }
  return headers;
}

function blobAt(
  bytes: Buffer,
  { block, blocks, index }: { block: number; blocks: number; index: number },
): Buffer | undefined {
  const start = block * blockBytes;
  const end = start + blocks * blockBytes;
  if (end > bytes.length || end - start < blobHeadBytes) return undefined;
  if (bytes.readUInt32LE(start) !== blobMagic || bytes.readUInt32LE(start + 4) !== index)
    return undefined;
  const from = start + blobHeadBytes;
  const to = from + bytes.readUInt32LE(start + 12);
  return to > end ? undefined : bytes.subarray(from, to);
}
