import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { collect, type Digest, digestOf } from '../../../src/core/index.ts';
import { createOverlays, getXattr, setXattr } from '../../../src/linux/index.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { gzipped, mountsUnder, openWorkbench, plain, tarOf, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(async () => {
  await bench.destroy();
  assert.deepEqual(mountsUnder(bench.rootPath), []);
  assert.equal(existsSync(bench.rootPath), false);
});

async function layer(tar: Buffer, parent: Digest | null = null): Promise<Digest> {
  const unpacked = await bench.snapshots.unpack(gzipped(tar));
  assert.equal(unpacked.diffId, digestOf(tar));
  return await bench.snapshots.stack(unpacked, parent);
}

const base = () =>
  tarOf(
    { path: 'etc/', type: 'directory', mode: 0o750, uid: 3, gid: 4, mtimeS: 1000 },
    {
      path: 'etc/passwd',
      type: 'file',
      mode: 0o640,
      content: 'root',
      uid: 1,
      gid: 2,
      mtimeS: 2000,
    },
    { path: 'etc/link', type: 'symlink', linkTarget: 'passwd', mtimeS: 3 },
    { path: 'usr/bin/su', type: 'file', mode: 0o4755, content: 'su', uid: 0, gid: 5 },
    { path: 'usr/bin/su2', type: 'hardlink', linkTarget: 'usr/bin/su' },
    { path: 'dev/null', type: 'character-device', deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
    { path: 'run/fifo', type: 'fifo', mode: 0o600 },
    { path: 'tmp/', type: 'directory', mode: 0o1777 },
  );

describe('layers from archives', () => {
  test('everything an archive says is there, through gzip, zstd or nothing', async () => {
    const tar = await base();
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
});

describe('hostile archives', () => {
  const attacks: [why: string, entries: Parameters<typeof tarOf>, message: RegExp][] = [
    ['a name above the root', [{ path: '../evil', type: 'file', content: 'x' }], /outside/],
    ['a name that climbs later', [{ path: 'a/../../evil', type: 'file' }], /outside/],
    [
      'a symlink above the root',
      [{ path: 'a', type: 'symlink', linkTarget: '../../etc' }],
      /invalid symlink "a" -> "..\/..\/etc"/,
    ],
    [
      'a hard link above the root',
      [{ path: 'a', type: 'hardlink', linkTarget: '../../../etc/passwd' }],
      /invalid hardlink "a" -> ".*etc\/passwd"/,
    ],
    [
      'a hard link to a file of the host',
      [{ path: 'a', type: 'hardlink', linkTarget: '/etc/hostname' }],
      /no such file in the archive/,
    ],
    [
      'a hard link through a symlink to the host',
      [
        { path: 'host', type: 'symlink', linkTarget: '/etc' },
        { path: 'a', type: 'hardlink', linkTarget: 'host/hostname' },
      ],
      /no such file in the archive/,
    ],
    [
      'a file below a file',
      [
        { path: 'a', type: 'file' },
        { path: 'a/b', type: 'file' },
      ],
      /no directory/,
    ],
    [
      'a file through a symlink that leads nowhere',
      [
        { path: 'a', type: 'symlink', linkTarget: '/nowhere' },
        { path: 'a/b', type: 'file' },
      ],
      /no directory/,
    ],
    [
      'a symlink cycle on the way',
      [
        { path: 'a', type: 'symlink', linkTarget: 'b' },
        { path: 'b', type: 'symlink', linkTarget: 'a' },
        { path: 'a/x', type: 'file' },
      ],
      /no directory/,
    ],
    ['a whiteout of the folder above', [{ path: 'a/.wh...', type: 'file' }], /outside/],
    ['a whiteout of its own folder', [{ path: 'a/.wh..', type: 'file' }], /outside/],
    ['a whiteout of nothing', [{ path: '.wh.', type: 'file' }], /outside/],
    [
      'a root that is no directory',
      [{ path: './', type: 'symlink', linkTarget: '/' }],
      /root is a/,
    ],
    ['a name too long', [{ path: 'x'.repeat(256), type: 'file' }], /longer than 255/],
    [
      'a link to a directory',
      [
        { path: 'd/', type: 'directory' },
        { path: 'e', type: 'hardlink', linkTarget: 'd' },
      ],
      /EPERM/,
    ],
  ];
  for (const [why, entries, message] of attacks) {
    test(`refused: ${why}`, async () => {
      const tar = await tarOf(...entries);
      await assert.rejects(bench.snapshots.unpack(plain(tar)), { kind: 'invalid', message });
      await bench.snapshots.settled();
      assert.deepEqual(readdirSync(join(bench.rootPath, 'snapshots/staging')), []);
      assert.deepEqual(await bench.content.ingests(), []);
    });
  }

  test('a write through a symlink lands inside, whatever it points at', async () => {
    const outside = join(bench.rootPath, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'file'), 'untouched');
    const chain = await layer(
      await tarOf(
        { path: 'abs', type: 'symlink', linkTarget: outside },
        { path: `${outside.slice(1)}/`, type: 'directory' },
        { path: 'abs/file', type: 'file', content: 'inside' },
        // A file over a symlink replaces it, a directory too; neither follows it.
        { path: 'f', type: 'symlink', linkTarget: join(outside, 'file') },
        { path: 'f', type: 'file', content: 'mine' },
        { path: 'd', type: 'symlink', linkTarget: outside },
        { path: 'd/', type: 'directory', mode: 0o700 },
        // A hard link to a symlink is one more name of the symlink.
        { path: 's', type: 'symlink', linkTarget: join(outside, 'file') },
        { path: 's2', type: 'hardlink', linkTarget: 's' },
        { path: 's2', type: 'file', content: 'mine too' },
      ),
    );
    assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'untouched');
    assert.deepEqual(readdirSync(outside), ['file']);
    assert.notEqual(statSync(outside).mode & 0o777, 0o700);
    await using view = await bench.snapshots.view(chain);
    assert.equal(readFileSync(join(view.rootPath, outside, 'file'), 'utf8'), 'inside');
    assert(lstatSync(join(view.rootPath, 'd')).isDirectory());
  });

  test('implied directories behind a symlink change nothing on the host', async () => {
    const outside = join(bench.rootPath, 'outside/sub');
    mkdirSync(outside, { recursive: true });
    chmodSync(outside, 0o700);
    utimesSync(outside, 5, 5);
    const unpacked = await bench.snapshots.unpack(
      plain(
        await tarOf(
          { path: `${bench.rootPath.slice(1)}/outside/`, type: 'directory' },
          { path: 'l', type: 'symlink', linkTarget: `${bench.rootPath}/outside` },
          { path: 'l/sub/file', type: 'file' },
        ),
      ),
    );
    await bench.snapshots.stack(unpacked, null);
    assert.deepEqual([statSync(outside).mode & 0o777, statSync(outside).mtimeMs], [0o700, 5000]);
    assert.deepEqual(readdirSync(outside), []);
  });

  test('an archive that is cut, damaged or no archive is refused', async () => {
    const tar = await tarOf({ path: 'a', type: 'file', content: 'x'.repeat(100_000) });
    for (const [bytes, message] of [
      [tar.subarray(0, 50_000), /cut/],
      [Buffer.from('this is no tar at all'.repeat(100)), /checksum|octal/],
      [Buffer.concat([Buffer.from([0x1f, 0x8b, 8]), Buffer.from('not gzip')]), /decompress gzip/],
    ] as const) {
      await assert.rejects(bench.snapshots.unpack(plain(bytes)), { kind: 'invalid', message });
    }
    await assert.rejects(
      bench.snapshots.unpack(plain(tar), { expected: { digest: digestOf('other') } }),
      { kind: 'invalid', code: 'DIGEST_INVALID' },
    );
    const expected = { sizeBytes: 1000 };
    await assert.rejects(bench.snapshots.unpack(plain(tar), { expected }), {
      kind: 'invalid',
      code: 'SIZE_INVALID',
    });
    const zipped = await collect(gzipped(tar), 1e9);
    const cut = plain(zipped.subarray(0, zipped.length - 12));
    await assert.rejects(bench.snapshots.unpack(cut), { kind: 'invalid', message: /decompress/ });
  });

  test('an unpack that is called off leaves nothing', async () => {
    const abort = new AbortController();
    async function* endless() {
      const tar = await tarOf({ path: 'a', type: 'file', content: 'x'.repeat(500_000) });
      for (let round = 0; ; round++) {
        abort.signal.throwIfAborted();
        yield tar.subarray(0, -1024);
        if (round === 5) abort.abort();
        await new Promise(setImmediate);
      }
    }
    const { signal } = abort;
    await assert.rejects(bench.snapshots.unpack(endless(), { signal }));
    await bench.snapshots.settled();
    assert.deepEqual(readdirSync(join(bench.rootPath, 'snapshots/staging')), []);
    assert.deepEqual(await bench.content.ingests(), []);
  });
});

describe('writable snapshots', () => {
  test('what a container changes becomes a layer, the same on every machine', async () => {
    const chain = await layer(await base());
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
    const chain = await layer(await base());
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
    const chain = await layer(await base());
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
    const lower = await layer(await base());
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
    const top = await layer(await tarOf({ path: 'top', type: 'file' }), one);
    const moved = await bench.snapshots.restack(top, two);
    assert.deepEqual(await bench.snapshots.restack(top, two), moved);
    await assert.rejects(bench.snapshots.delete(two), { kind: 'conflict' });
    await bench.snapshots.delete(top);
    {
      await using view = await bench.snapshots.view(moved.chain);
      assert.deepEqual(readdirSync(view.rootPath).sort(), ['top', 'two']);
      await assert.rejects(bench.snapshots.delete(moved.chain), { kind: 'conflict' });
    }
    await bench.snapshots.delete(moved.chain);
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
});

describe('restarts', () => {
  async function restart(options: { bootId?: string } = {}): Promise<void> {
    await bench.close();
    bench = await openWorkbench({ rootPath: bench.rootPath, ...options });
  }

  test('layers, snapshots and running mounts are found again', async () => {
    const chain = await layer(await base());
    for (const id of ['running', 'stopped', 'gone']) {
      const snapshot = await bench.snapshots.prepare(id, chain);
      writeFileSync(join(await snapshot.mount(), 'mine'), id);
    }
    await bench.snapshots.view(chain);
    await restart();
    const existing = new Set(['running', 'stopped']);
    await bench.snapshots.recover({ existing, running: new Set(['running']) });
    const running = await bench.snapshots.get('running');
    assert.deepEqual(mountsUnder(bench.rootPath), [running.rootPath]);
    const stopped = await bench.snapshots.get('stopped');
    assert.equal(readFileSync(join(await stopped.mount(), 'mine'), 'utf8'), 'stopped');
    await assert.rejects(bench.snapshots.get('gone'), { kind: 'not-found' });
    assert(await bench.snapshots.has(chain));
  });

  test('directories without a record go, also unfinished ones', async () => {
    for (const folder of ['layers/99', 'staging/7/etc', 'active/half/fs', 'trash/1-1/x/y']) {
      mkdirSync(join(bench.rootPath, 'snapshots', folder), { recursive: true });
    }
    await restart();
    await bench.snapshots.settled();
    for (const folder of ['layers', 'staging', 'active', 'trash']) {
      assert.deepEqual(readdirSync(join(bench.rootPath, 'snapshots', folder)), [], folder);
    }
  });

  test('after a crash of the machine, layers that were not on disk yet are gone whole', async () => {
    const safe = await layer(await tarOf({ path: 'safe', type: 'file' }));
    await bench.snapshots.settled();
    const lost = await layer(await tarOf({ path: 'lost', type: 'file' }), safe);
    const onTop = await layer(await tarOf({ path: 'top', type: 'file' }), lost);
    await bench.snapshots.prepare('c', onTop);
    await bench.close();
    {
      using database = openDatabase(join(bench.rootPath, 'berth.db'));
      database.sqlite
        .prepare(
          "UPDATE layers SET unsynced_boot = 'before' WHERE number = (SELECT layer FROM chains WHERE chain = ?)",
        )
        .run(lost);
    }
    bench = await openWorkbench({ rootPath: bench.rootPath });
    assert.equal(await bench.snapshots.has(safe), true);
    assert.equal(await bench.snapshots.has(lost), false);
    assert.equal(await bench.snapshots.has(onTop), false);
    await assert.rejects(bench.snapshots.get('c'), { kind: 'not-found' });
    assert.equal(readdirSync(join(bench.rootPath, 'snapshots/layers')).length, 1);
  });
});

for (const way of ['descriptors', 'string'] as const) {
  test(`a stack of more layers than a mount takes, by ${way}`, async () => {
    await bench.destroy();
    bench = await openWorkbench({ overlays: createOverlays(way) });
    const count = way === 'descriptors' ? 620 : 90;
    let chain: Digest | null = null;
    for (let index = 0; index < count; index++) {
      const deletes = index > 0 && index % 10 === 0;
      chain = await layer(
        await tarOf(
          { path: 'which', type: 'file', content: String(index) },
          { path: `d${index % 7}/f${index}`, type: 'file', content: String(index) },
          ...(deletes
            ? [{ path: `d${(index - 1) % 7}/.wh.f${index - 1}`, type: 'file' as const }]
            : []),
        ),
        chain,
      );
    }
    await using view = await bench.snapshots.view(chain);
    assert.equal(readFileSync(join(view.rootPath, 'which'), 'utf8'), String(count - 1));
    for (let index = 0; index < count; index++) {
      const isDeleted = index % 10 === 9 && index + 1 < count;
      const path = join(view.rootPath, `d${index % 7}/f${index}`);
      assert.equal(existsSync(path), !isDeleted, path);
    }
    assert(readdirSync(join(bench.rootPath, 'snapshots/flat')).length > 0);
  });
}
