import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, type FileEntry } from '../../core/index.ts';

import { PackedEntries } from './packed-entries.ts';
import { type NewFileEntry, TreeBuilder } from './tree-builder.ts';

const plain = { mode: 0o644, uid: 1, gid: 2, sizeBytes: 3, mtimeMs: 4.5, linkTarget: '' } as const;
const file = (text: string): [NewFileEntry, FileEntry] => {
  const digest = digestOf(text);
  const bytes = Buffer.from(digest.slice(7), 'hex').toString('latin1');
  return [
    { ...plain, type: 'file', digest: bytes },
    { ...plain, type: 'file', digest },
  ];
};

test('entries come back as they were put, sorted, whatever their names', () => {
  const builder = new TreeBuilder();
  const want = new Map<string, FileEntry>();
  const put = (path: string, [packed, unpacked]: readonly [NewFileEntry, FileEntry]) => {
    builder.set(path, packed);
    want.set(path, unpacked);
  };
  const link = { ...plain, type: 'symlink', linkTarget: 'zü/\udcff' } as const;
  const noted = { ...plain, type: 'fifo', xattrsDigest: digestOf('x') } as const;
  for (let index = 0; index < 3000; index++) put(`d/f${index}`, file(String(index)));
  put('z', [link, link]);
  put('a\udcfe', [noted, noted]);
  put('ä', file('umlaut'));
  put('🐳', file('whale'));
  put('', [
    { ...plain, type: 'directory' },
    { ...plain, type: 'directory' },
  ]);
  put('d/f7', file('again'));
  const entries = new PackedEntries(builder.pack());
  const sorted = [...want.keys()].sort();
  assert.deepEqual([...entries.keys()], sorted);
  assert.deepEqual(new Map(entries), want);
  assert.deepEqual(
    [...entries.values()],
    sorted.map((path) => want.get(path)),
  );
  assert.equal(entries.size, want.size);
  for (const path of [...sorted, ...sorted.toReversed()]) {
    assert.deepEqual(entries.get(path), want.get(path), path);
  }
  for (const path of ['none', 'd/', 'd', 'zz', '\uffff']) {
    assert.equal(entries.get(path), undefined);
    assert.equal(entries.has(path), false);
  }
});

test('a path is replaced, repeated, or forgotten with what is below it', () => {
  const builder = new TreeBuilder();
  const [packed] = file('x');
  for (const path of ['a', 'a/b', 'a/b/c', 'ab']) builder.set(path, packed);
  builder.repeat('ab', 'copy');
  builder.repeat('ab', 'ab');
  builder.delete('a', true);
  builder.delete('none', true);
  assert.equal(builder.typeOf('copy'), 'file');
  assert.equal(builder.typeOf('a/b'), undefined);
  const entries = new PackedEntries(builder.pack());
  assert.deepEqual([...entries.keys()], ['ab', 'copy']);
  assert.deepEqual(entries.get('copy'), entries.get('ab'));
});

test('no entries at all', () => {
  const entries = new PackedEntries(new TreeBuilder().pack());
  assert.deepEqual([...entries], []);
  assert.equal(entries.get(''), undefined);
});
