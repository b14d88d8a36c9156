import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { makeFifo, openFifoReader } from '../../linux/index.ts';
import { openStdin } from './stdin.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-stdin-'));
after(() => rmSync(folder, { recursive: true }));

it('takes any number of writes and keeps nothing of them', async () => {
  const path = join(folder, 'stdin');
  makeFifo(path);
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  const stdin = openStdin(path, async () => {});
  const reader = openFifoReader(path);
  for (let count = 0; count < 100; count++) await stdin.write(Buffer.from('x'));
  assert.equal(readSync(reader, Buffer.alloc(200)), 100);
  stdin.release();
  await stdin.write(Buffer.from('dropped'));
  closeSync(reader);
  // Warnings are told in the next turn.
  await new Promise(setImmediate);
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});
