import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { collect, type Digest, digestOf } from '../../../src/core/index.ts';
import { addLayer, gzipped, openWorkbench, plain, tarOf, type Workbench } from './workbench.ts';

let bench: Workbench;
beforeEach(async () => {
  bench = await openWorkbench();
});
afterEach(() => bench.destroy());

const layer = (tar: Buffer, parent?: Digest | null) => addLayer(bench, tar, parent);

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
  ['a root that is no directory', [{ path: './', type: 'symlink', linkTarget: '/' }], /root is a/],
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
