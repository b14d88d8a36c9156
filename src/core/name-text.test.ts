import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameBytes, nameText } from './name-text.ts';

const cases: [why: string, bytes: number[], text: string][] = [
  ['ascii', [0x61, 0x2f, 0x62], 'a/b'],
  ['utf-8', [0xc3, 0xa4, 0xe2, 0x82, 0xac], 'ä€'],
  ['beyond 16 bits', [0xf0, 0x9f, 0x90, 0xb3], '🐳'],
  ['latin-1', [0x66, 0xfc, 0x72], 'f\udcfcr'],
  ['a surrogate encoded as utf-8', [0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
  ['a sequence cut at the end', [0x61, 0xe2, 0x82], 'a\udce2\udc82'],
];

for (const [why, bytes, text] of cases) {
  test(`names keep their bytes: ${why}`, () => {
    const buffer = Buffer.from(bytes);
    assert.equal(nameText(buffer, 0, buffer.length), text);
    assert.deepEqual(nameBytes(text), buffer);
  });
}

test('a lone surrogate that stands for no byte has no bytes', () => {
  assert.throws(() => nameBytes('\ud800'), { kind: 'invalid' });
});
