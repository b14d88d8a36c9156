import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { storedBlocks } from './stored-blocks.ts';

for (const sizeBytes of [0, 1, 65_534, 65_535, 65_536, 131_070, 524_288]) {
  test(`${sizeBytes} bytes, stored and read again`, () => {
    const content = randomBytes(sizeBytes);
    const whole = Buffer.concat([storedBlocks(content, false), storedBlocks(content, true)]);
    assert.ok(inflateRawSync(whole).equals(Buffer.concat([content, content])));
    assert.throws(() => inflateRawSync(storedBlocks(content, false)), /unexpected end of file/);
  });
}
