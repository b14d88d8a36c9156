import { constants, type ZlibOptions } from 'node:zlib';

const sampleBytes = 8 * 1024;
/** Fewer tries than this cannot tell matches from chance. */
const leastSampleBytes = 2048;
/** Bits a byte of archives, images and keys has; nothing is gained above it. */
const incompressibleBits = 7.88;
/** Share of positions whose next four bytes came before, below which a search finds too little. */
const fewRepeats = 0.02;
const tableBits = 13;

/**
 * How to deflate one block. Looking for repeats is most of the work, and in vain for what is
 * compressed, encrypted or random already: that is stored; and where only some bytes are more common
 * than others, as in base64, they are only coded by how common they are. Depends on the bytes alone.
 */
export function blockStrategy(block: Uint8Array, level: number): ZlibOptions {
  if (block.length < leastSampleBytes) return { level };
  const start = Math.max(0, (block.length - sampleBytes) >> 1);
  const sample = block.subarray(start, start + sampleBytes);
  if (repeats(sample) >= fewRepeats) return { level };
  if (bitsOfByte(sample) >= incompressibleBits) return { level: 0 };
  return { level, strategy: constants.Z_HUFFMAN_ONLY };
}

/** Share of positions whose four bytes stand earlier in the sample. */
function repeats(sample: Uint8Array): number {
  const seen = new Int32Array(1 << tableBits);
  let found = 0;
  for (let at = 0; at + 4 <= sample.length; at++) {
    const four =
      sample[at]! | (sample[at + 1]! << 8) | (sample[at + 2]! << 16) | (sample[at + 3]! << 24);
    const slot = Math.imul(four, 0x9e3779b1) >>> (32 - tableBits);
    // Zero marks an empty slot; four zero bytes are a repeat in any case.
    if (seen[slot] === four) found++;
    else seen[slot] = four;
  }
  return found / sample.length;
}

/** Shannon's entropy. */
function bitsOfByte(sample: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of sample) counts[byte]!++;
  let bits = 0;
  for (const count of counts) {
    if (count > 0) bits -= (count / sample.length) * Math.log2(count / sample.length);
  }
  return bits;
}
