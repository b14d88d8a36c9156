import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { streamFile } from './stream-file.ts';

const content = Buffer.alloc(2_000_003, 'abcdefghijklmnopqrstuvwxyz0123456789');
let folder: string;
let path: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-stream-'));
  path = join(folder, 'file');
  writeFileSync(path, content);
});
after(() => rmSync(folder, { recursive: true }));

async function copied(range?: { start: number; end: number }): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of streamFile(path, range)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

for (const [start, end] of [
  [0, content.length],
  [1, 2],
  [524_287, 524_289],
  [524_288, 1_048_576],
  [1_999_000, 3_000_000],
  [5, 5],
  [3_000_000, 4_000_000],
] as const) {
  test(`bytes ${start} to ${end}`, async () => {
    const bytes = await copied({ start, end });
    assert.ok(bytes.equals(content.subarray(start, end)));
  });
}

test('the whole file', async () => assert.ok((await copied()).equals(content)));

test('a consumer that stops closes the file', async () => {
  for await (const chunk of streamFile(path)) {
    assert.ok(chunk.length > 0);
    break;
  }
});
