import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createRootFiles } from './root-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-root-'));
after(() => rmSync(folder, { recursive: true }));
const root = join(folder, 'root');
mkdirSync(join(root, 'etc'), { recursive: true });
writeFileSync(join(folder, 'outside'), 'secret');
writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
symlinkSync('/etc', join(root, 'conf'));
symlinkSync('../../outside', join(root, 'escape'));
symlinkSync('/nowhere', join(root, 'dangling'));
const files = createRootFiles();
const owner = { uid: process.getuid!(), gid: process.getgid!(), mode: 0o755 };

test('reads through links of the root, never outside', async () => {
  assert.equal(
    Buffer.from((await files.read(root, '/conf/passwd', 100))!).toString(),
    'root:x:0:0::/:/bin/sh\n',
  );
  assert.equal(await files.read(root, '/escape', 100), undefined);
  assert.equal(await files.read(root, '/../../outside', 100), undefined);
  assert.equal(await files.read(root, '/etc', 100), undefined);
  await assert.rejects(files.read(root, '/etc/passwd', 5), /more than the allowed 5/);
});

test('tells and lists what stands at a path', async () => {
  assert.equal(await files.kindOf(root, 'conf'), 'directory');
  assert.equal(await files.kindOf(root, '/etc/passwd'), 'other');
  assert.equal(await files.kindOf(root, '/etc/passwd/x'), undefined);
  assert.deepEqual(await files.list(root, '/conf'), ['passwd']);
  assert.equal(await files.list(root, '/etc/passwd'), undefined);
  assert.equal((await files.list(root, '/', { most: 1 }))?.length, 1);
});

test('makes directories through links of the root and keeps what is there', async () => {
  assert.equal(
    await files.makeDirectory(root, '/conf/a/b', { ...owner, mode: 0o711, epochS: 5 }),
    true,
  );
  assert.equal(await files.makeDirectory(root, '/conf/a/b', owner), false);
  const made = statSync(join(root, 'etc/a/b'));
  assert.equal(made.mode & 0o7777, 0o711);
  assert.equal(made.mtimeMs, 5000);
  await assert.rejects(files.makeDirectory(root, '/etc/passwd/x', owner), /is not a directory/);
  await assert.rejects(files.makeDirectory(root, '/dangling/x', owner), /leads nowhere/);
});

test('takes away what a runtime left empty, and only that', async () => {
  mkdirSync(join(root, 'srv'));
  utimesSync(join(root, 'srv'), 7, 7);
  const stubs = await files.missing(root, ['/srv/new/deep/file', '/srv/full', '/etc/passwd']);
  mkdirSync(join(root, 'srv/new/deep'), { recursive: true });
  writeFileSync(join(root, 'srv/new/deep/file'), '');
  mkdirSync(join(root, 'srv/full'));
  writeFileSync(join(root, 'srv/full/kept'), '');
  await stubs.clear();
  assert.equal(existsSync(join(root, 'srv/new')), false);
  assert.equal(existsSync(join(root, 'srv/full/kept')), true);
  assert.equal(existsSync(join(root, 'etc/passwd')), true);
  assert.equal(statSync(join(root, 'srv')).mtimeMs, 7000);
});
