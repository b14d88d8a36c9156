import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { makeFifo, openFifoBothWays } from '../linux/index.ts';
import { replaceFile } from './replace-file.ts';

describe('replaceFile', () => {
  let folder = '';
  const at = (name: string) => join(folder, name);
  const put = (name: string) => replaceFile(at(name), (path) => writeFile(path, 'new'));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-replace-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes a file, or takes the place of one', async () => {
    writeFileSync(at('old'), 'a much longer text');
    await put('old');
    await put('fresh');
    assert.equal(readFileSync(at('old'), 'utf8'), 'new');
    assert.equal(readFileSync(at('fresh'), 'utf8'), 'new');
    assert.deepEqual(readdirSync(folder), ['fresh', 'old']);
  });

  it('writes through links', async () => {
    writeFileSync(at('file'), 'old');
    symlinkSync('file', at('link'));
    await put('link');
    assert.equal(readFileSync(at('file'), 'utf8'), 'new');
  });

  it('writes to what is no regular file, and leaves it there', async () => {
    makeFifo(at('pipe'));
    const reader = openFifoBothWays(at('pipe'));
    await put('pipe');
    const bytes = Buffer.alloc(10);
    assert.equal(bytes.toString('utf8', 0, readSync(reader, bytes)), 'new');
    closeSync(reader);
    assert.ok(statSync(at('pipe')).isFIFO());
    symlinkSync('/dev/null', at('null'));
    await put('null');
    assert.ok(statSync('/dev/null').isCharacterDevice());
  });

  it('leaves the old file when writing fails', async () => {
    writeFileSync(at('old'), 'old');
    await assert.rejects(
      replaceFile(at('old'), async (path) => {
        closeSync(openSync(path, 'w'));
        throw new Error('disk full');
      }),
      /disk full/,
    );
    assert.deepEqual(readdirSync(folder), ['old']);
    assert.equal(readFileSync(at('old'), 'utf8'), 'old');
  });
});
