import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Trees } from '../../../src/build/index.ts';
import { digestOf } from '../../../src/core/index.ts';
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

describe('unpacking a context', () => {
  test('tells each entry, as a scan of what lies there does', async () => {
    const big = Buffer.alloc(700_000, 'abc');
    const tar = await tarOf(
      { path: 'a/', type: 'directory', mode: 0o750, mtimeS: 100 },
      { path: 'a/file', type: 'file', content: 'hello', mode: 0o4711, uid: 5, gid: 6, mtimeS: 200 },
      { path: 'a/empty', type: 'file', mtimeS: 1 },
      { path: 'a/twin', type: 'hardlink', linkTarget: 'a/file' },
      { path: 'link', type: 'symlink', linkTarget: '../../up', mtimeS: 300 },
      { path: 'implied/deep/x', type: 'file', content: big, mtimeS: 5 },
      { path: 'f\udcffe', type: 'file', content: 'latin', mtimeS: 5 },
      {
        path: 'noted',
        type: 'file',
        xattrs: new Map([['user.note', Buffer.from('n')]]),
        mtimeS: 9,
      },
      { path: 'fifo', type: 'fifo', mtimeS: 9 },
      ...many,
    );
    const tree = await trees.unpack(gzipped(tar), at('context'));
    const scanned = await trees.scan(bench.rootPath, '/context');
    const [unpackedEntries, scannedEntries] = [new Map(tree.entries), new Map(scanned.entries)];
    scannedEntries.delete('');
    for (const directory of ['implied', 'implied/deep', 'many']) {
      const { mode, uid } = scannedEntries.get(directory)!;
      assert.deepEqual([mode, uid], [0o755, 0]);
      unpackedEntries.delete(directory);
      scannedEntries.delete(directory);
    }
    assert.deepEqual([...unpackedEntries.keys()], [...scannedEntries.keys()]);
    assert.deepEqual(unpackedEntries, scannedEntries);
    assert.equal(tree.entries.get('a/file')?.digest, digestOf('hello'));
    assert.equal(tree.entries.get('a/twin')?.digest, digestOf('hello'));
    assert.equal(tree.entries.get('implied/deep/x')?.digest, digestOf(big));
    assert.equal(tree.entries.get('link')?.linkTarget, '../../up');
    assert.equal(tree.entries.get('none'), undefined);
    assert(tree.entries.get('noted')?.xattrsDigest);
    assert.equal(tree.entries.size, [...tree.entries].length);
  });

  test('a small one is unpacked in place, with the same result', async () => {
    const tree = await trees.unpack(
      plain(await tarOf({ path: 'x/y', type: 'file', content: '1' })),
      at('context'),
    );
    assert.deepEqual([...tree.entries.keys()], ['x', 'x/y']);
    assert.equal(readFileSync(at('context/x/y'), 'utf8'), '1');
  });

  test('what comes later replaces what came before, with all below it', async () => {
    const tree = await trees.unpack(
      plain(
        await tarOf(
          { path: 'a/b/c', type: 'file', content: '1' },
          { path: 'a', type: 'symlink', linkTarget: '/etc' },
          { path: 'a', type: 'file', content: '2' },
          { path: 'd', type: 'file' },
          { path: 'd/', type: 'directory' },
        ),
      ),
      at('context'),
    );
    assert.deepEqual(
      [...tree.entries].map(([path, { type }]) => `${path} ${type}`),
      ['a file', 'd directory'],
    );
  });

  for (const [why, entries, message] of [
    ['a name above it', [{ path: '../x', type: 'file' }], /outside/],
    ['a link above it', [{ path: 'x', type: 'hardlink', linkTarget: '../x' }], /outside/],
    ['a link to nothing', [{ path: 'x', type: 'hardlink', linkTarget: 'y' }], /no such file/],
  ] as [string, Parameters<typeof tarOf>, RegExp][]) {
    test(`refused: ${why}`, async () => {
      const archive = plain(await tarOf(...entries));
      await assert.rejects(trees.unpack(archive, at('context')), { kind: 'invalid', message });
    });
  }

  test('refused: more entries or bytes than allowed', async () => {
    const tar = await tarOf(...many);
    for (const [limits, message] of [
      [{ entries: 399, bytes: 1e9 }, /too many files/],
      [{ entries: 400, bytes: 1000 }, /too large/],
    ] as const) {
      const unpacking = trees.unpack(plain(tar), at('context'), undefined, limits);
      await assert.rejects(unpacking, { kind: 'invalid', message });
    }
  });

  test('called off, it stops', async () => {
    const abort = new AbortController();
    async function* endless() {
      const tar = await tarOf(...many);
      for (let round = 0; ; round++) {
        yield tar.subarray(0, -1024);
        if (round === 3) abort.abort();
        await new Promise(setImmediate);
      }
    }
    await assert.rejects(trees.unpack(endless(), at('context'), abort.signal));
  });
});

describe('scanning', () => {
  test('links in the path stay inside the root', async () => {
    mkdirSync(at('context/real/etc'), { recursive: true });
    writeFileSync(at('context/real/etc/x'), 'inside');
    symlinkSync('/real/etc', at('context/abs'));
    symlinkSync('../../../../real', at('context/up'));
    for (const [path, names] of [
      ['/abs', ['', 'x']],
      ['up/etc/x', ['']],
      ['../../real', ['', 'etc', 'etc/x']],
    ] as const) {
      const tree = await trees.scan(at('context'), path);
      assert.deepEqual([...tree.entries.keys()], names, path);
      assert(tree.rootPath.startsWith(at('context/real')));
    }
    await assert.rejects(trees.scan(at('context'), '/none'), { kind: 'not-found' });
  });
});
