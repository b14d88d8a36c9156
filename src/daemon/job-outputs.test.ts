import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Job, OutputLine } from '../jobs/index.ts';
import { createJobOutputs } from './job-outputs.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-outputs-'));
after(() => rmSync(folder, { recursive: true }));

const job = (id: number) => ({ id }) as Job;
const line = (text: string): OutputLine => ({ stream: 'stdout', bytes: Buffer.from(text) });

async function* linesOf(...texts: string[]): AsyncIterable<OutputLine> {
  for (const text of texts) yield line(text);
}

async function read(id: number, tail?: number): Promise<string[]> {
  const lines = await Array.fromAsync(createJobOutputs(folder).read(job(id), { tail }));
  return lines.map(({ bytes }) => Buffer.from(bytes).toString());
}

test('what was kept is read back, whole or its end', async () => {
  await createJobOutputs(folder).keep(job(1), linesOf('a\n', 'b\n', 'no newline'));
  assert.deepEqual(await read(1), ['a\n', 'b\n', 'no newline']);
  assert.deepEqual(await read(1, 2), ['b\n', 'no newline']);
  assert.deepEqual(await read(1, 0), []);
});

test('a job of which nothing was kept has no output', async () => {
  assert.deepEqual(await read(2), []);
});

test('a failure in the middle keeps the earlier output', async () => {
  async function* broken(): AsyncIterable<OutputLine> {
    yield line('half');
    throw new Error('cut');
  }
  await assert.rejects(createJobOutputs(folder).keep(job(1), broken()), /cut/);
  assert.deepEqual(await read(1, 1), ['no newline']);
});
