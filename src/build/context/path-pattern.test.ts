import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWildcards, segmentPattern } from './path-pattern.ts';

test('a segment matches as Go filepath.Match does', () => {
  const cases: [pattern: string, name: string, matches: boolean][] = [
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*', '', true],
    ['*c', 'abc', true],
    ['a*', 'a', true],
    ['a*b*c*d', 'axbxcxdxd', true],
    ['a*b*c*d', 'axbxcxdxe', false],
    ['?', 'ä', true],
    ['a?b', 'ab', false],
    ['ab[c]', 'abc', true],
    ['ab[b-d]', 'abc', true],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['[a-ζ]*', 'α', true],
    ['*[a-ζ]', 'A', false],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'ab', false],
    ['[\\]a]', ']', true],
    ['*.txt', '.txt', true],
    ['*', '.hidden', true],
  ];
  for (const [pattern, name, matches] of cases) {
    assert.equal(segmentPattern(pattern).matches(name), matches, `${pattern} on ${name}`);
  }
});

test('a bad pattern is refused with Go wording', () => {
  for (const pattern of ['[', '[a', '[]a]', '[-]', '[x-]', '[-x]', 'a\\', '[a-b-c]']) {
    assert.throws(() => segmentPattern(pattern), /syntax error in pattern/, pattern);
  }
});

test('a pattern made to be slow is not', () => {
  const pattern = segmentPattern(`${'*a'.repeat(60)}*b`);
  assert.equal(pattern.matches('a'.repeat(4000)), false);
});

test('wildcards are seen unless escaped', () => {
  assert.equal(hasWildcards('a/b*'), true);
  assert.equal(hasWildcards('a/[b]'), true);
  assert.equal(hasWildcards('a/\\*b\\['), false);
  assert.equal(hasWildcards('plain'), false);
});
