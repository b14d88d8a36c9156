import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readlinkSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { collect, type Digest, digestOf } from '../../../src/core/index.ts';
import { getXattr } from '../../../src/linux/index.ts';
import {
  addLayer,
  baseTar,
  gzipped,
  openWorkbench,
  plain,
  tarOf,
  type Workbench,
} from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.destroy());

const layer = (tar: Buffer, parent?: Digest | null) => addLayer(bench, tar, parent);

test('everything an archive says is there, through gzip, zstd or nothing', async () => {
  const tar = await baseTar();
  for (const stream of [gzipped(tar), plain(tar), plain(zstdCompressSync(tar))]) {
    const unpacked = await bench.snapshots.unpack(stream);
    assert.equal(unpacked.diffId, digestOf(tar));
    assert.equal(unpacked.sizeBytes, 6);
    await bench.snapshots.stack(unpacked, null);
  }
  await using view = await bench.snapshots.view(digestOf(tar));
  const at = (path: string) => lstatSync(join(view.rootPath, path));
  assert.deepEqual(
    [at('etc').mode & 0o7777, at('etc').uid, at('etc').gid, at('etc').mtimeMs],
    [0o750, 3, 4, 1_000_000],
  );
  assert.deepEqual(
    [at('etc/passwd').mode & 0o7777, at('etc/passwd').uid, at('etc/passwd').mtimeMs],
    [0o640, 1, 2_000_000],
  );
  assert.equal(readlinkSync(join(view.rootPath, 'etc/link')), 'passwd');
  assert.deepEqual([at('usr/bin/su').mode & 0o7777, at('usr/bin/su').gid], [0o4755, 5]);
  assert.equal(at('usr/bin/su').ino, at('usr/bin/su2').ino);
  assert.equal(at('dev/null').rdev, 0x103);
  assert(at('run/fifo').isFIFO());
  assert.equal(at('tmp').mode & 0o7777, 0o1777);
  // Directories the archive only implies are alike on every machine.
  assert.deepEqual([at('usr').mode & 0o7777, at('usr').mtimeMs], [0o755, 0]);
});

test('deletions and opaque directories hide what is below', async () => {
  const lower = await layer(
    await tarOf(
      { path: 'a/one', type: 'file', content: '1' },
      { path: 'a/two', type: 'file', content: '2' },
      { path: 'b/one', type: 'file', content: '1' },
      { path: 'c/sub/one', type: 'file', content: '1' },
      { path: 'd/sub/one', type: 'file', content: '1' },
    ),
  );
  const upper = await layer(
    await tarOf(
      { path: 'a/.wh.one', type: 'file' },
      { path: 'b/.wh..wh..opq', type: 'file' },
      { path: 'b/new', type: 'file', content: 'n' },
      // Deleted, then made anew, in either order.
      { path: 'c/.wh.sub', type: 'file' },
      { path: 'c/sub/two', type: 'file', content: '2' },
      { path: 'd/sub/two', type: 'file', content: '2' },
      { path: 'd/.wh.sub', type: 'file' },
    ),
    lower,
  );
  await using view = await bench.snapshots.view(upper);
  const names = (path: string) => readdirSync(join(view.rootPath, path)).sort();
  assert.deepEqual(names('a'), ['two']);
  assert.deepEqual(names('b'), ['new']);
  assert.deepEqual(names('c/sub'), ['two']);
  assert.deepEqual(names('d/sub'), ['two']);
});

test('an opaque root hides the whole stack below', async () => {
  const lower = await layer(await tarOf({ path: 'old', type: 'file', content: '1' }));
  const upper = await layer(
    await tarOf({ path: '.wh..wh..opq', type: 'file' }, { path: 'new', type: 'file' }),
    lower,
  );
  await using view = await bench.snapshots.view(upper);
  assert.deepEqual(readdirSync(view.rootPath), ['new']);
});

test('directories an archive only implies take after the stack they land on', async () => {
  const lower = await layer(
    await tarOf(
      { path: './', type: 'directory', mode: 0o711, mtimeS: 77 },
      { path: 'tmp/', type: 'directory', mode: 0o1777, mtimeS: 50 },
      { path: 'home/', type: 'directory', mode: 0o700, uid: 1000, gid: 1000, mtimeS: 60 },
      { path: 'home/.keep', type: 'file' },
    ),
  );
  const middle = await layer(await tarOf({ path: 'etc/x', type: 'file' }), lower);
  const top = await layer(
    await tarOf({ path: 'tmp/file', type: 'file' }, { path: 'home/me/file', type: 'file' }),
    middle,
  );
  await using view = await bench.snapshots.view(top);
  const at = (path: string) => statSync(join(view.rootPath, path));
  assert.deepEqual([at('').mode & 0o7777, at('').mtimeMs], [0o711, 77_000]);
  assert.deepEqual([at('tmp').mode & 0o7777, at('tmp').mtimeMs], [0o1777, 50_000]);
  assert.deepEqual([at('home').mode & 0o7777, at('home').uid], [0o700, 1000]);
  assert.deepEqual([at('home/me').mode & 0o7777, at('home/me').uid], [0o755, 0]);
});

test('an archive cannot forge what overlayfs or the host believes', async () => {
  const xattrs = new Map([
    ['trusted.overlay.opaque', Buffer.from('y')],
    ['trusted.overlay.redirect', Buffer.from('/etc')],
    ['user.overlay.opaque', Buffer.from('y')],
    ['security.selinux', Buffer.from('x')],
    ['user.note', Buffer.from('kept')],
    ['security.capability', Buffer.from('AQAAAgAEAAAAAAAAAAAAAAAAAAA=', 'base64')],
  ]);
  const lower = await layer(await tarOf({ path: 'd/seen', type: 'file' }));
  const top = await layer(
    await tarOf(
      { path: 'd/', type: 'directory', xattrs },
      { path: 'f', type: 'file', content: 'x', xattrs },
      { path: 'gone', type: 'character-device', deviceMajor: 0, deviceMinor: 0 },
    ),
    lower,
  );
  await using view = await bench.snapshots.view(top);
  assert(existsSync(join(view.rootPath, 'd/seen')));
  assert.equal(existsSync(join(view.rootPath, 'gone')), false);
  assert.equal(getXattr(join(view.rootPath, 'f'), 'user.note')?.toString(), 'kept');
  assert.equal(getXattr(join(view.rootPath, 'f'), 'security.capability')?.length, 20);
});

test('names that are no UTF-8 keep their bytes through a commit', async () => {
  const tar = await tarOf(
    { path: 'f\udcfcr', type: 'file', content: 'x' },
    { path: 'd\udcff/ä', type: 'symlink', linkTarget: '\udce4' },
  );
  const chain = await layer(tar);
  const snapshot = await bench.snapshots.prepare('c', chain);
  const root = await snapshot.mount();
  renameSync(Buffer.from(`${root}/f\xfcr`, 'latin1'), Buffer.from(`${root}/g\xfcr`, 'latin1'));
  const committed = await bench.snapshots.commit('c');
  const archive = await collect(bench.snapshots.archive(committed.chain), 1e6);
  assert(archive.includes(Buffer.from('.wh.f\xfcr', 'latin1')));
  assert(archive.includes(Buffer.from('g\xfcr\0', 'latin1')));
});
