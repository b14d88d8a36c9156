import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { collect, streamOf } from '../../core/index.ts';
import { createDecompressors } from './decompressors.ts';

const { decompress } = createDecompressors();
const never = new AbortController().signal;

for (const program of ['xz', 'bzip2'] as const) {
  test(`${program} there and back`, async () => {
    const text = Buffer.alloc(300_000, 'some text ');
    const packed = execFileSync(program, ['-c'], { input: text });
    const plain = await collect(decompress(program, streamOf(packed), never), 1 << 20);
    assert.ok(plain.equals(text));
  });

  test(`${program} damaged, and not read to its end`, async () => {
    const packed = execFileSync(program, ['-c'], { input: Buffer.alloc(3_000_000, 'x') });
    const damaged = decompress(program, streamOf(packed.subarray(0, -20)), never);
    await assert.rejects(collect(damaged, 1 << 30), { kind: 'invalid' });
    for await (const _ of decompress(program, streamOf(packed), never)) break;
  });
}
