import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeDirectories } from './make-directories.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-directories-'));
after(() => rmSync(root, { recursive: true }));

test('parents are made, with the mode, and what is there stays', async () => {
  const path = join(root, 'a/b/c');
  await makeDirectories(path, 0o700);
  await makeDirectories(path, 0o755);
  for (const made of ['a', 'a/b', 'a/b/c']) {
    assert.equal(statSync(join(root, made)).mode & 0o777, 0o700);
  }
});

test('a link to a directory is one', async () => {
  symlinkSync('a', join(root, 'link'));
  await makeDirectories(join(root, 'link/d'));
  assert.ok(statSync(join(root, 'a/d')).isDirectory());
});

test('two at once make it together', async () => {
  const path = join(root, 'x/y/z');
  await Promise.all([makeDirectories(path), makeDirectories(path)]);
});

test('where nothing can be made it fails, and ends', async () => {
  writeFileSync(join(root, 'file'), '');
  symlinkSync('nowhere', join(root, 'dangling'));
  for (const [path, code] of [
    ['/proc/berth/of/nothing', 'ENOENT'],
    [join(root, 'file'), 'EEXIST'],
    [join(root, 'file/below'), 'ENOTDIR'],
    [join(root, 'dangling'), 'ENOENT'],
    [join(root, 'dangling/below'), 'ENOENT'],
  ] as const) {
    await assert.rejects(makeDirectories(path), { code }, path);
  }
});
