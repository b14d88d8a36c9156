import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { collect, type Digest, digestOf } from '../../../src/core/index.ts';
import { setXattr } from '../../../src/linux/index.ts';
import { addLayer, baseTar, openWorkbench, plain, tarOf, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.destroy());

const layer = (tar: Buffer, parent?: Digest | null) => addLayer(bench, tar, parent);

test('what a container changes becomes a layer, the same on every machine', async () => {
  const chain = await layer(await baseTar());
  const digests = new Set<Digest>();
  for (const id of ['one', 'two']) {
    const snapshot = await bench.snapshots.prepare(id, chain, { isTransient: id === 'one' });
    const root = await snapshot.mount();
    assert.equal(await snapshot.mount(), root);
    unlinkSync(join(root, 'etc/passwd'));
    rmSync(join(root, 'run'), { recursive: true });
    mkdirSync(join(root, 'run'));
    mkdirSync(join(root, 'new/dir'), { recursive: true });
    for (const name of id === 'one' ? ['x', 'y'] : ['y', 'x']) {
      writeFileSync(join(root, 'new/dir', name), name);
    }
    linkSync(join(root, 'new/dir/x'), join(root, 'new/z'));
    symlinkSync('/etc', join(root, 'new/link'));
    chownSync(join(root, 'new/dir/y'), 7, 8);
    setXattr(join(root, 'new/dir/y'), 'user.note', Buffer.from('n'));
    for (const path of ['new/dir/x', 'new/dir/y', 'new/dir', 'new', 'run', 'etc', '.']) {
      utimesSync(join(root, path), 1234, 1234);
    }
    execFileSync('touch', ['-h', '-d', '@1234', join(root, 'new/link')]);
    const committed = await bench.snapshots.commit(id);
    digests.add(committed.diffId);
    assert.equal(committed.parent, chain);
    assert.equal(committed.sizeBytes, 2);
    assert(committed.contentDigest);
    await assert.rejects(bench.snapshots.get(id), { kind: 'not-found' });
  }
  assert.equal(digests.size, 1);
  const top = (await bench.snapshots.list()).find(({ parent }) => parent === chain)!;
  const archive = await collect(bench.snapshots.archive(top.chain), 1e9);
  assert.equal(digestOf(archive), top.diffId);
  const listed = execFileSync('tar', ['-tvf-', '--numeric-owner', '--utc'], { input: archive });
  assert.deepEqual(
    listed
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ')),
    [
      'drwxr-x--- 3/4 0 1970-01-01 00:20 etc/',
      '-rw------- 0/0 0 1970-01-01 00:00 etc/.wh.passwd',
      'drwxr-xr-x 0/0 0 1970-01-01 00:20 new/',
      'drwxr-xr-x 0/0 0 1970-01-01 00:20 new/dir/',
      '-rw-r--r-- 0/0 1 1970-01-01 00:20 new/dir/x',
      '-rw-r--r-- 7/8 1 1970-01-01 00:20 new/dir/y',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:20 new/link -> /etc',
      'hrw-r--r-- 0/0 0 1970-01-01 00:20 new/z link to new/dir/x',
      'drwxr-xr-x 0/0 0 1970-01-01 00:20 run/',
      '-rw------- 0/0 0 1970-01-01 00:00 run/.wh..wh..opq',
    ],
  );
  await using view = await bench.snapshots.view(top.chain);
  assert.deepEqual(readdirSync(join(view.rootPath, 'run')), []);
  assert.equal(existsSync(join(view.rootPath, 'etc/passwd')), false);
  assert.equal(readFileSync(join(view.rootPath, 'new/z'), 'utf8'), 'x');
});

test('the archive of a pulled layer is its own bytes, of a built one the same again', async () => {
  // Another archiver's tar: order, owner names and padding of its own.
  const foreign = execFileSync('tar', ['--format=gnu', '-b40', '-cf-', '-C', '/etc', 'hostname']);
  const chain = await layer(foreign);
  assert((await collect(bench.snapshots.archive(chain), 1e9)).equals(foreign));
  // A layer built from the pulled one's files and unpacked elsewhere gives its digest again.
  await bench.snapshots.prepare('w', chain);
  const root = await (await bench.snapshots.get('w')).mount();
  writeFileSync(join(root, 'big'), Buffer.alloc(3_000_000, 'b'));
  const built = await bench.snapshots.commit('w');
  const archive = await collect(bench.snapshots.archive(built.chain), 1e9);
  assert.equal(digestOf(archive), built.diffId);
  const again = await bench.snapshots.unpack(plain(archive));
  assert.equal(again.diffId, built.diffId);
  assert.equal(await bench.snapshots.stack(again, chain), built.chain);
});

test('a kept snapshot goes on after its commit', async () => {
  const chain = await layer(await baseTar());
  const snapshot = await bench.snapshots.prepare('live', chain);
  const root = await snapshot.mount();
  writeFileSync(join(root, 'state'), 'one');
  unlinkSync(join(root, 'etc/passwd'));
  chmodSync(root, 0o700);
  const first = await bench.snapshots.commit('live', { keep: true });
  writeFileSync(join(root, 'state'), 'two');
  const second = await bench.snapshots.commit('live', { keep: true });
  await using view = await bench.snapshots.view(first.chain);
  assert.equal(readFileSync(join(view.rootPath, 'state'), 'utf8'), 'one');
  assert.equal(statSync(view.rootPath).mode & 0o777, 0o700);
  assert.equal(existsSync(join(view.rootPath, 'etc/passwd')), false);
  assert.notEqual(first.chain, second.chain);
  const archive = await collect(bench.snapshots.archive(first.chain), 1e9);
  assert.equal(digestOf(archive), first.diffId);
});

test('changes are told as docker diff tells them', async () => {
  const chain = await layer(await baseTar());
  const snapshot = await bench.snapshots.prepare('c', chain);
  const root = await snapshot.mount();
  writeFileSync(join(root, 'etc/passwd'), 'more');
  unlinkSync(join(root, 'usr/bin/su2'));
  mkdirSync(join(root, 'opt/x'), { recursive: true });
  writeFileSync(join(root, 'opt/x/y'), '12345');
  assert.deepEqual(
    (await snapshot.changes()).map(({ kind, path }) => `${kind} ${path}`),
    [
      'modified /etc/passwd',
      'added /opt',
      'added /opt/x',
      'added /opt/x/y',
      'modified /usr/bin',
      'deleted /usr/bin/su2',
    ],
  );
  assert.equal(await snapshot.usage(), 9);
});

test('a whole stack is archived as it shows', async () => {
  const lower = await layer(await baseTar());
  const top = await layer(
    await tarOf(
      { path: 'etc/.wh.passwd', type: 'file' },
      { path: 'usr/.wh..wh..opq', type: 'file' },
      { path: 'usr/new', type: 'file', content: 'n' },
    ),
    lower,
  );
  const archive = await collect(bench.snapshots.archiveStack(top, { epochS: 5 }), 1e9);
  const names = execFileSync('tar', ['-tf-'], { input: archive }).toString().trim().split('\n');
  assert.deepEqual(names, [
    'dev/',
    'dev/null',
    'etc/',
    'etc/link',
    'run/',
    'run/fifo',
    'tmp/',
    'usr/',
    'usr/new',
  ]);
  assert.equal(
    execFileSync('tar', ['-tf-'], {
      input: await collect(bench.snapshots.archiveStack(null), 1e6),
    }).toString(),
    '',
  );
});

test('times are capped, also when the archive is written again', async () => {
  const snapshot = await bench.snapshots.prepare('c', null);
  const root = await snapshot.mount();
  writeFileSync(join(root, 'now'), '');
  writeFileSync(join(root, 'then'), '');
  utimesSync(join(root, 'then'), 100, 100);
  const { chain, diffId } = await bench.snapshots.commit('c', { epochS: 1_000_000 });
  const archive = await collect(bench.snapshots.archive(chain), 1e9);
  assert.equal(digestOf(archive), diffId);
  const listed = execFileSync('tar', ['-tvf-', '--utc'], { input: archive }).toString();
  assert.match(listed, /1970-01-12 13:46 now\n.*1970-01-01 00:01 then/);
});

test('a layer stands on several stacks, and goes with the last', async () => {
  const one = await layer(await tarOf({ path: 'one', type: 'file' }));
  const two = await layer(await tarOf({ path: 'two', type: 'file' }));
  const topTar = await tarOf({ path: 'top', type: 'file', content: '12345' });
  const top = await layer(topTar, one);
  const moved = await bench.snapshots.restack(top, two);
  assert.deepEqual(await bench.snapshots.restack(top, two), moved);
  await assert.rejects(bench.snapshots.delete(two), { kind: 'conflict' });
  assert.deepEqual(await bench.snapshots.delete(top), { freedBytes: 0 });
  {
    await using view = await bench.snapshots.view(moved.chain);
    assert.deepEqual(readdirSync(view.rootPath).sort(), ['top', 'two']);
    await assert.rejects(bench.snapshots.delete(moved.chain), { kind: 'conflict' });
  }
  assert.deepEqual(await bench.snapshots.delete(moved.chain), { freedBytes: 5 });
  await bench.snapshots.delete(two);
  await bench.snapshots.delete(one);
  await bench.snapshots.settled();
  assert.deepEqual(readdirSync(join(bench.rootPath, 'snapshots/layers')), []);
});

test('names are unique, parents must be there, and both are said', async () => {
  await bench.snapshots.prepare('a', null);
  await assert.rejects(bench.snapshots.prepare('a', null), { kind: 'conflict' });
  const absent = digestOf('no such chain');
  await assert.rejects(bench.snapshots.prepare('b', absent), { kind: 'not-found' });
  await assert.rejects(bench.snapshots.prepare('../b', null), { kind: 'invalid' });
  await assert.rejects(bench.snapshots.get('none'), { kind: 'not-found' });
  await bench.snapshots.remove('a');
  await bench.snapshots.remove('a');
});
