import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { constants } from 'node:zlib';
import { blockStrategy } from './block-strategy.ts';

/** Bytes without any order, the same at each run. */
function noise(sizeBytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at * 32 < sizeBytes; at++) {
    parts.push(createHash('sha256').update(String(at)).digest());
  }
  return Buffer.concat(parts).subarray(0, sizeBytes);
}

const huffman = { level: 5, strategy: constants.Z_HUFFMAN_ONLY };
const cases: [what: string, block: Uint8Array, want: object][] = [
  ['noise is stored', noise(100_000), { level: 0 }],
  [
    'base64 of noise is coded without a search',
    Buffer.from(noise(90_000).toString('base64')),
    huffman,
  ],
  ['text is searched', Buffer.from('the quick brown fox jumps. '.repeat(5000)), { level: 5 }],
  ['zeros are searched', Buffer.alloc(100_000), { level: 5 }],
  ['noise that repeats nearby is searched', Buffer.alloc(100_000, noise(3000)), { level: 5 }],
  ['a short block is searched', noise(1000), { level: 5 }],
];

for (const [what, block, want] of cases) {
  test(`how to deflate: ${what}`, () => {
    assert.deepEqual(blockStrategy(block, 5), want);
  });
}
