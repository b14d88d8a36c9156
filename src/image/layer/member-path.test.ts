import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanMemberPath } from './member-path.ts';

for (const [raw, path] of [
  ['etc/passwd', 'etc/passwd'],
  ['./etc/passwd', 'etc/passwd'],
  ['etc/', 'etc'],
  ['./', ''],
  ['.', ''],
  ['/', ''],
  ['/etc/passwd', 'etc/passwd'],
  ['//etc///passwd//', 'etc/passwd'],
  ['a/./b', 'a/b'],
  ['a/../b', 'b'],
  ['a/b/../../c', 'c'],
  ['a/..', ''],
  ['..a/b..', '..a/b..'],
  ['...', '...'],
  ['.hidden/.', '.hidden'],
  ['a b\n\t', 'a b\n\t'],
  ['a\\..\\b', 'a\\..\\b'],
  ['a\udcff', 'a\udcff'],
  ['n'.repeat(255), 'n'.repeat(255)],
  [`${'d/'.repeat(2047)}f`, `${'d/'.repeat(2047)}f`],
] as const) {
  test(`clean ${JSON.stringify(raw).slice(0, 40)}`, () => {
    assert.equal(cleanMemberPath(raw), path);
    if (path !== '') assert.equal(cleanMemberPath(path), path);
  });
}

for (const [raw, message] of [
  ['', /empty name/],
  ['..', /".." is outside of the image's root/],
  ['../etc/passwd', /"\.\.\/etc\/passwd" is outside/],
  ['/../etc/passwd', /outside/],
  ['./../etc', /outside/],
  ['a/../../etc', /outside/],
  ['a/b/../../../c/d', /outside/],
  ['../root/../..', /outside/],
  ['a\0b', /"a\\u0000b" holds a NUL/],
  ['n'.repeat(256), /longer than 255 bytes/],
  [`a/${'ü'.repeat(128)}/b`, /longer than 255 bytes/],
  ['d/'.repeat(2049), /longer than 4095 bytes/],
  ['d/'.repeat(100_000), /longer than 4095 bytes/],
] as const) {
  test(`refuse ${JSON.stringify(raw).slice(0, 40)}`, () => {
    assert.throws(() => cleanMemberPath(raw), { kind: 'invalid', message });
  });
}
