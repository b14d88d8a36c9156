import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameMatcher } from './name-pattern.ts';

for (const [pattern, name, expected] of [
  ['busy*', 'busybox', true],
  ['*', 'a/b', false],
  ['*/*', 'a/b', true],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['?', 'a', true],
  ['?', '/', false],
  ['[a-c]x', 'bx', true],
  ['[^a-c]x', 'bx', false],
  ['[', 'a', false],
  ['a[', 'a', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['.', 'a', false],
  ['', '', true],
  ['a*', 'a', true],
  [`${'*a'.repeat(60)}b`, 'a'.repeat(250), false],
] as const) {
  test(`pattern ${pattern.slice(0, 20)} ${expected ? 'takes' : 'leaves'} ${name.slice(0, 20)}`, () => {
    assert.equal(nameMatcher(pattern)(name), expected);
  });
}
