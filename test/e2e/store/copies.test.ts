import assert from 'node:assert/strict';
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
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Trees } from '../../../src/build/index.ts';
import { collect, type Digest } from '../../../src/core/index.ts';
import { getXattr, setXattr } from '../../../src/linux/index.ts';
import { createTrees } from '../../../src/store/trees/store-trees.ts';
import { gzipped, openWorkbench, plain, tarOf, type Workbench } from './workbench.ts';

let bench: Workbench;
let trees: Trees;
const at = (...path: string[]) => join(bench.rootPath, ...path);
beforeEach(async () => {
  bench = await openWorkbench();
  trees = createTrees(bench);
  mkdirSync(at('context'));
  mkdirSync(at('target'));
});
afterEach(() => bench.destroy());

/** Enough files that the work goes to a thread. */
const many = Array.from({ length: 400 }, (_, index) => ({
  path: `many/f${index}`,
  type: 'file' as const,
  content: `content of ${index}`.repeat(20),
}));

async function layer(parent: Digest | null, ...entries: Parameters<typeof tarOf>) {
  const unpacked = await bench.snapshots.unpack(plain(await tarOf(...entries)));
  return await bench.snapshots.stack(unpacked, parent);
}

describe('copying', () => {
  const copied = (path: string) => lstatSync(at('target', path));

  test('modes, owners, times, attributes and links are kept or set', async () => {
    mkdirSync(at('context/d/sub'), { recursive: true });
    writeFileSync(at('context/d/file'), 'f');
    chmodSync(at('context/d/file'), 0o4755);
    chownSync(at('context/d/file'), 3, 4);
    chmodSync(at('context/d/file'), 0o4755);
    setXattr(at('context/d/file'), 'user.note', Buffer.from('n'));
    linkSync(at('context/d/file'), at('context/d/twin'));
    symlinkSync('/etc/passwd', at('context/d/link'));
    utimesSync(at('context/d/file'), 1000.5, 1000.5);
    chmodSync(at('context/d'), 0o711);
    utimesSync(at('context/d'), 2000, 2000);
    await trees.copy({
      sourceRoot: at('context'),
      items: [{ sourcePath: 'd', targetPath: '/opt/new/d' }],
      targetRoot: at('target'),
      mayLink: false,
    });
    const file = copied('opt/new/d/file');
    assert.deepEqual(
      [file.mode & 0o7777, file.uid, file.gid, file.mtimeMs],
      [0o4755, 3, 4, 1_000_500],
    );
    assert.equal(file.ino, copied('opt/new/d/twin').ino);
    assert.notEqual(file.ino, lstatSync(at('context/d/file')).ino);
    assert.equal(getXattr(at('target/opt/new/d/file'), 'user.note')?.toString(), 'n');
    assert.equal(readlinkSync(at('target/opt/new/d/link')), '/etc/passwd');
    assert.deepEqual(
      [copied('opt/new/d').mode & 0o777, copied('opt/new/d').mtimeMs],
      [0o711, 2_000_000],
    );
    assert.equal(copied('opt').mode & 0o777, 0o755);

    const table = new Uint16Array(0o20000).map((_, bits) => (bits >= 0o10000 ? 0o700 : 0o600));
    await trees.copy({
      sourceRoot: at('context'),
      items: [{ sourcePath: 'd', targetPath: '/two' }],
      skip: new Set(['d/link', 'd/sub']),
      targetRoot: at('target'),
      owner: { uid: 7, gid: 8 },
      mode: table,
      epochS: 99,
      mayLink: true,
    });
    assert.deepEqual(readdirSync(at('target/two')), ['file', 'twin']);
    for (const [path, mode] of [
      ['two', 0o700],
      ['two/file', 0o600],
    ] as const) {
      const { mode: got, uid, gid, mtimeMs } = copied(path);
      assert.deepEqual([got & 0o7777, uid, gid, mtimeMs], [mode, 7, 8, 99_000], path);
    }
  });

  test('directories merge, files replace files and links, the rest is refused', async () => {
    mkdirSync(at('context/d/sub'), { recursive: true });
    writeFileSync(at('context/d/sub/file'), 'new');
    writeFileSync(at('context/file'), 'file');
    mkdirSync(at('target/d/sub'), { recursive: true });
    chmodSync(at('target/d'), 0o700);
    writeFileSync(at('target/d/sub/old'), 'old');
    symlinkSync('/nowhere', at('target/d/sub/file'));
    utimesSync(at('target/d/sub'), 500, 500);
    const copy = (sourcePath: string, targetPath: string, shallow?: boolean) =>
      trees.copy({
        sourceRoot: at('context'),
        items: [{ sourcePath, targetPath, ...(shallow && { shallow }) }],
        targetRoot: at('target'),
        mayLink: false,
      });
    await copy('d', '/d');
    assert.deepEqual(readdirSync(at('target/d/sub')), ['file', 'old']);
    assert.equal(readFileSync(at('target/d/sub/file'), 'utf8'), 'new');
    assert.equal(copied('d').mode & 0o777, 0o700);
    assert.equal(copied('d/sub').mtimeMs, 500_000);
    await assert.rejects(copy('file', '/d'), {
      kind: 'invalid',
      message: 'cannot replace to directory /d with file',
    });
    await copy('file', '/taken');
    await assert.rejects(copy('d', '/taken'), {
      kind: 'invalid',
      message: 'cannot copy to non-directory: /taken',
    });
    await assert.rejects(copy('file', '/taken/below'), { kind: 'invalid' });
    await assert.rejects(copy('none', '/x'), { kind: 'not-found' });
    await copy('d', '/alone', true);
    assert.deepEqual(readdirSync(at('target/alone')), []);
    symlinkSync('/elsewhere', at('target/d/sub/dir'));
    mkdirSync(at('context/d/sub/dir'));
    await assert.rejects(copy('d', '/d'), { message: 'cannot copy to non-directory: /d/sub/dir' });
  });

  test('links in the target path stay inside the target', async () => {
    writeFileSync(at('context/file'), 'x');
    mkdirSync(at('outside'));
    symlinkSync(at('outside'), at('target/abs'));
    symlinkSync('../../../outside', at('target/up'));
    symlinkSync('loop', at('target/loop'));
    for (const [targetPath, real] of [
      ['/abs/file', `${bench.rootPath}/outside/file`],
      ['/up/file', 'outside/file'],
      ['/../../dots/file', 'dots/file'],
    ] as const) {
      await trees.copy({
        sourceRoot: at('context'),
        items: [{ sourcePath: 'file', targetPath }],
        targetRoot: at('target'),
        mayLink: true,
      });
      assert.equal(readFileSync(at('target', real), 'utf8'), 'x', targetPath);
    }
    assert.deepEqual(readdirSync(at('outside')), []);
    const looping = trees.copy({
      sourceRoot: at('context'),
      items: [{ sourcePath: 'file', targetPath: '/loop/file' }],
      targetRoot: at('target'),
      mayLink: true,
    });
    await assert.rejects(looping, { kind: 'invalid', message: /too many links/ });
  });

  test('a file is linked into one image only, and only where the copy would be equal', async () => {
    await trees.unpack(gzipped(await tarOf(...many)), at('context'));
    const copy = (targetPath: string, mode?: number) =>
      trees.copy({
        sourceRoot: at('context'),
        items: [{ sourcePath: 'many', targetPath }],
        targetRoot: at('target'),
        owner: { uid: 0, gid: 0 },
        ...(mode !== undefined && { mode }),
        mayLink: true,
      });
    await copy('/other', 0o600);
    await copy('/first');
    await copy('/second');
    const inode = statSync(at('context/many/f7')).ino;
    assert.equal(copied('first/f7').ino, inode);
    assert.notEqual(copied('second/f7').ino, inode);
    assert.notEqual(copied('other/f7').ino, inode);
    assert.equal(copied('second/f7').nlink, 1);
    await trees.remove(at('context'));
    assert.equal(readFileSync(at('target/first/f7'), 'utf8'), many[7]!.content);
    assert.equal(existsSync(at('context')), false);
    await trees.remove(at('context'));
  });
});

describe('copying into a snapshot', () => {
  const base = () =>
    layer(
      null,
      { path: 'usr/lib/', type: 'directory', mode: 0o750, uid: 9, mtimeS: 400 },
      { path: 'usr/lib/old', type: 'file', content: 'old' },
      { path: 'lib', type: 'symlink', linkTarget: 'usr/lib' },
      { path: 'usr/dir/x', type: 'file' },
      { path: 'gone/x', type: 'file' },
    );

  test('with and without a mount the layer is the same', async () => {
    const lower = await layer(await base(), { path: '.wh.gone', type: 'file' });
    const digests: Digest[] = [];
    for (const [id, how] of [
      ['direct', 'upper'],
      ['mounted', 'root'],
      ['busy', 'busy'],
    ] as const) {
      const context = at(`context-${id}`);
      mkdirSync(context);
      await trees.unpack(gzipped(await tarOf(...many)), context);
      utimesSync(join(context, 'many'), 700, 700);
      const snapshot = await bench.snapshots.prepare(id, lower, { isTransient: true });
      if (how !== 'upper') await snapshot.mount();
      const before = process.cwd();
      if (how === 'busy') process.chdir(snapshot.rootPath);
      await trees.copy({
        sourceRoot: context,
        items: [
          { sourcePath: 'many', targetPath: '/lib/new' },
          { sourcePath: 'many/f1', targetPath: '/usr/lib/old' },
          { sourcePath: 'many/f2', targetPath: '/gone/f2' },
        ],
        targetRoot: how === 'upper' ? snapshot.upperPath : snapshot.rootPath,
        owner: { uid: 0, gid: 0 },
        epochS: 1234,
        mayLink: true,
      });
      process.chdir(before);
      if (how !== 'upper') {
        assert.equal(readFileSync(join(snapshot.rootPath, 'lib/old'), 'utf8'), many[1]!.content);
        assert.equal(readdirSync(join(snapshot.rootPath, 'usr/dir')).length, 1);
      }
      const { diffId, chain } = await bench.snapshots.commit(id);
      digests.push(diffId);
      await using view = await bench.snapshots.view(chain);
      const stat = statSync(join(view.rootPath, 'usr/lib'));
      assert.deepEqual([stat.mode & 0o777, stat.uid, stat.mtimeMs], [0o750, 9, 400_000]);
      assert.equal(readdirSync(join(view.rootPath, 'lib/new')).length, 400);
      assert.deepEqual(readdirSync(join(view.rootPath, 'gone')), ['f2']);
      assert.equal(readlinkSync(join(view.rootPath, 'lib')), 'usr/lib');
    }
    assert.deepEqual(digests, [digests[0], digests[0], digests[0]]);
  });

  test('a directory of lower layers is not replaced by a file, nor a file by a directory', async () => {
    const lower = await base();
    writeFileSync(at('context/file'), '');
    mkdirSync(at('context/dir/old'), { recursive: true });
    const { upperPath } = await bench.snapshots.prepare('c', lower);
    const copy = (sourcePath: string, targetPath: string) =>
      trees.copy({
        sourceRoot: at('context'),
        items: [{ sourcePath, targetPath }],
        targetRoot: upperPath,
        mayLink: true,
      });
    await assert.rejects(copy('file', '/usr/dir'), /cannot replace to directory \/usr\/dir with/);
    await assert.rejects(copy('dir', '/lib'), /cannot copy to non-directory: \/usr\/lib\/old/);
    await assert.rejects(copy('file', '/'), /cannot replace to directory/);
  });

  test('what a whiteout in the upper directory hid stays hidden', async () => {
    const snapshot = await bench.snapshots.prepare('c', await base());
    const root = await snapshot.mount();
    rmSync(join(root, 'usr/dir'), { recursive: true });
    unlinkSync(join(root, 'usr/lib/old'));
    mkdirSync(at('context/dir'));
    writeFileSync(at('context/dir/new'), 'n');
    await trees.copy({
      sourceRoot: at('context'),
      items: [
        { sourcePath: 'dir', targetPath: '/usr/dir' },
        { sourcePath: 'dir/new', targetPath: '/usr/lib/old' },
      ],
      targetRoot: root,
      mayLink: true,
    });
    assert.deepEqual(readdirSync(join(root, 'usr/dir')), ['new']);
    assert.equal(readFileSync(join(root, 'usr/lib/old'), 'utf8'), 'n');
    const { chain } = await bench.snapshots.commit('c');
    const archive = await collect(bench.snapshots.archive(chain), 1e9);
    assert(archive.includes('usr/dir/.wh..wh..opq'));
  });
});
