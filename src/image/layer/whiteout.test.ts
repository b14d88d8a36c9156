import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MemberRole, memberRole, opaquePath, whiteoutPath } from './whiteout.ts';

for (const [path, role] of [
  ['etc/passwd', { kind: 'member' }],
  ['', { kind: 'member' }],
  ['a.wh.b', { kind: 'member' }],
  ['a.wh.b/c', { kind: 'member' }],
  ['.wh', { kind: 'member' }],
  ['.wh.a', { kind: 'whiteout', path: 'a' }],
  ['etc/.wh.passwd', { kind: 'whiteout', path: 'etc/passwd' }],
  ['etc/.wh..hidden', { kind: 'whiteout', path: 'etc/.hidden' }],
  ['etc/.wh....', { kind: 'whiteout', path: 'etc/...' }],
  ['.wh..wh..opq', { kind: 'opaque', path: '' }],
  ['a/b/.wh..wh..opq', { kind: 'opaque', path: 'a/b' }],
  ['.wh..wh.aufs', { kind: 'aufs-metadata' }],
  ['.wh..wh.plnk/123.456', { kind: 'aufs-metadata' }],
  ['.wh..wh.orph', { kind: 'aufs-metadata' }],
] as [string, MemberRole][]) {
  test(`role of "${path}"`, () => assert.deepEqual(memberRole(path), role));
}

for (const path of [
  '.wh.',
  '.wh..',
  '.wh...',
  'a/.wh.',
  'a/.wh..',
  'a/.wh...',
  '.wh.../x',
  '.wh.a/b',
  'a/.wh.b/c/d',
  '.wh.a/.wh.b',
  'a/.wh..wh..opq/b',
]) {
  test(`refuse "${path}"`, () => {
    assert.throws(() => memberRole(path), { kind: 'invalid', message: /read layer: / });
  });
}

test('names of whiteouts are read back', () => {
  for (const path of ['a', 'a/b', 'a/.b', '...']) {
    assert.deepEqual(memberRole(whiteoutPath(path)), { kind: 'whiteout', path });
  }
  for (const path of ['', 'a', 'a/b']) {
    assert.deepEqual(memberRole(opaquePath(path)), { kind: 'opaque', path });
  }
});
