import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RemoteEntry } from '../../remote-folder.ts';
import { isPlainFile } from './context-listing.ts';
import { readListing } from './read-listing.ts';
import { compareWalk, findInWalk } from './walk-order.ts';

const limits = { entries: 10, bytes: 1000 };

function entry(path: string, more: Partial<RemoteEntry> = {}): RemoteEntry {
  return {
    path,
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 1,
    mtimeNs: 5n,
    linkTarget: '',
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: {},
    ...more,
  };
}
const folder = (path: string) => entry(path, { type: 'directory', sizeBytes: 4096 });

async function* batchesOf(entries: readonly RemoteEntry[]) {
  for (const one of entries) yield [one];
}
const read = (entries: readonly RemoteEntry[]) =>
  readListing(batchesOf(entries), limits, new AbortController().signal);

test('a listing in walk order is taken', async () => {
  const listing = await read([
    folder('a'),
    entry('a/x', {
      xattrs: { 'user.note': Buffer.from('1'), 'security.selinux': Buffer.from('t') },
    }),
    entry('a/y', { linkTarget: 'a/x' }),
    entry('a-b'),
    entry('a.txt', { type: 'symlink', linkTarget: '../anywhere', mode: 0o755 }),
    entry('z', { type: 'character-device', deviceMajor: 1, deviceMinor: 3 }),
  ]);
  assert.equal(listing.count, 6);
  assert.equal(listing.sizeBytes, 2, 'further names of a file take nothing');
  assert.deepEqual(listing.paths, ['a', 'a/x', 'a/y', 'a-b', 'a.txt', 'z']);
  assert.deepEqual(
    [...listing.links],
    [
      [2, 'a/x'],
      [4, '../anywhere'],
    ],
  );
  assert.deepEqual(listing.devices.get(5), [1, 3]);
  assert.ok(listing.xattrsDigests.get(1));
  assert.deepEqual(
    [1, 2, 4].map((number) => isPlainFile(listing, number)),
    [true, false, false],
  );
});

test('listings that cannot be are refused', async () => {
  const long = 'n'.repeat(256);
  const cases: [what: string, entries: RemoteEntry[]][] = [
    ['a path that leads out', [entry('../x')]],
    ['dots within', [folder('a'), entry('a/../x')]],
    ['an absolute path', [entry('/etc/passwd')]],
    ['no path', [entry('')]],
    ['a path that ends in a slash', [folder('a/')]],
    ['two slashes', [folder('a'), entry('a//x')]],
    ['a NUL', [entry('a\0b')]],
    ['a name that is too long', [entry(long)]],
    ['a path that is too long', [entry('a/'.repeat(3000))]],
    ['twice the same', [entry('a'), entry('a')]],
    ['not in order', [entry('b'), entry('a')]],
    ['a file in a file', [entry('a'), entry('a/x')]],
    ['a file below a link', [entry('a', { type: 'symlink', linkTarget: '/etc' }), entry('a/x')]],
    ['a file in a directory that was not listed', [entry('a/x')]],
    ['back into a directory that was left', [folder('a'), entry('a-b'), entry('a/x')]],
    ['a name of a file that is none', [entry('a', { linkTarget: 'b' }), entry('b')]],
    ['a name of itself', [entry('a', { linkTarget: 'a' })]],
    ['a name of a directory', [folder('a'), entry('b', { linkTarget: 'a' })]],
    ['a link that leads nowhere', [entry('a', { type: 'symlink' })]],
    ['a negative size', [entry('a', { sizeBytes: -1 })]],
    ['a size beyond numbers', [entry('a', { sizeBytes: 2 ** 60 })]],
    ['more bytes than allowed', [entry('a', { sizeBytes: 600 }), entry('b', { sizeBytes: 600 })]],
    ['more entries than allowed', Array.from({ length: 11 }, (_, i) => entry(`a${i + 10}`))],
    ['a type nobody knows', [entry('a', { type: 'socket' as 'file' })]],
    ['an owner that is none', [entry('a', { uid: -1 })]],
    ['a time beyond numbers', [entry('a', { mtimeNs: 2n ** 64n })]],
  ];
  for (const [what, entries] of cases) {
    await assert.rejects(read(entries), { kind: 'invalid' }, what);
  }
});

test('walk order is that of bytes, with slashes first', () => {
  const sorted = ['a', 'a/\u{1f600}', 'a-b', 'a.b', 'ab', 'b', '\u{ffee}', '\u{1f600}'];
  assert.deepEqual([...sorted].reverse().sort(compareWalk), sorted);
  for (const [number, path] of sorted.entries()) assert.equal(findInWalk(sorted, path), number);
  assert.equal(findInWalk(sorted, 'a/b'), -1);
});
