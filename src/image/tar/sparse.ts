import { invalid } from '../../core/index.ts';
import { blockBytes, number } from './header-block.ts';

/** A run of bytes of a sparse file that the archive holds; all between runs is zero. */
export interface Extent {
  readonly offset: number;
  readonly sizeBytes: number;
}

const mostExtents = 1 << 20;

/** Throws `invalid` unless extents ascend within the file and their sum is what is stored. */
export function checkExtents(
  { extents, realSizeBytes }: { extents: readonly Extent[]; realSizeBytes: number },
  storedBytes: number,
): void {
  let end = 0;
  let sum = 0;
  for (const { offset, sizeBytes } of extents) {
    if (offset < end || offset + sizeBytes > realSizeBytes) {
      throw invalid(
        `read tar: sparse extent of ${sizeBytes} bytes at ${offset} overlaps another or passes the file's end at ${realSizeBytes}`,
      );
    }
    end = offset + sizeBytes;
    sum += sizeBytes;
  }
  if (sum !== storedBytes) {
    throw invalid(`read tar: sparse map tells of ${sum} bytes, ${storedBytes} are stored`);
  }
}

/** Extents in an old GNU header ('S' member): 4 of them; `more` when extension blocks follow. */
export function headerExtents(bytes: Buffer, at: number, into: Extent[]): { more: boolean } {
  addExtents(bytes, at, { offset: 386, count: 4 }, into);
  return { more: bytes[at + 482] !== 0 };
}

/** Size of the whole file, of an old GNU header. */
export function headerRealSize(bytes: Buffer, at: number): number {
  const sizeBytes = number(bytes, at, 483, 12);
  if (sizeBytes < 0) throw invalid(`read tar: sparse file has the impossible size ${sizeBytes}`);
  return sizeBytes;
}

/** Extents of an extension block: 21. */
export function extensionExtents(bytes: Buffer, at: number, into: Extent[]): { more: boolean } {
  addExtents(bytes, at, { offset: 0, count: 21 }, into);
  return { more: bytes[at + 504] !== 0 };
}

function addExtents(
  bytes: Buffer,
  at: number,
  table: { offset: number; count: number },
  into: Extent[],
): void {
  for (let i = 0; i < table.count; i++) {
    const entry = table.offset + i * 24;
    // An unused slot begins with NUL: even a zero is written in digits.
    if (bytes[at + entry] === 0) break;
    const offset = number(bytes, at, entry, 12);
    const sizeBytes = number(bytes, at, entry + 12, 12);
    if (offset < 0 || sizeBytes < 0) throw invalid('read tar: sparse extent is negative');
    into.push({ offset, sizeBytes });
  }
  if (into.length > mostExtents) throw invalid(`read tar: over ${mostExtents} sparse extents`);
}

/** Reads the map that opens the content of a GNU 1.0 sparse file, a block at a time. */
export interface SparseMapReader {
  /** The extents once the block completes the map, else undefined. */
  addBlock(bytes: Buffer, at: number): Extent[] | undefined;
}

export function createSparseMapReader(): SparseMapReader {
  const numbers: number[] = [];
  let digits = '';
  return {
    addBlock(bytes, at) {
      for (let i = at; i < at + blockBytes; i++) {
        const byte = bytes[i]!;
        if (byte >= 0x30 && byte <= 0x39 && digits.length < 16) {
          digits += String.fromCharCode(byte);
        } else if (byte === 0x0a && digits !== '') {
          numbers.push(Number(digits));
          digits = '';
          if (numbers[0]! > mostExtents) {
            throw invalid(`read tar: over ${mostExtents} sparse extents`);
          }
          if (numbers.length === 1 + 2 * numbers[0]!) return pairs(numbers);
        } else throw invalid('read tar: sparse map is not made of decimal lines');
      }
      return undefined;
    },
  };
}

function pairs(numbers: readonly number[]): Extent[] {
  const extents: Extent[] = [];
  for (let i = 1; i < numbers.length; i += 2) {
    extents.push({ offset: numbers[i]!, sizeBytes: numbers[i + 1]! });
  }
  return extents;
}
