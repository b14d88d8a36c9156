import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileGoPattern } from './go-pattern.ts';

describe('compileGoPattern', () => {
  for (const [pattern, text, matches] of [
    ['web', '/my-web-1', true],
    ['^web', '/web', false],
    ['^/web$', '/web', true],
    ['', 'anything', true],
    ['we.', 'web', true],
    ['^(a|b)+$', 'abba', true],
    // What Go knows and JavaScript does not.
    ['(?i)WEB', 'web', true],
    ['(?P<name>w)eb', 'web', true],
    ['[[:digit:]]', 'a1', true],
    ['\\Qa.b\\E', 'axb', false],
    ['\\Aweb\\z', 'web', true],
    // Would take longer than the universe is old.
    ['^(a+)+$', `${'a'.repeat(10_000)}b`, false],
    ['(x+x+)+y', 'x'.repeat(10_000), false],
  ] as const) {
    it(`${pattern} ${matches ? 'matches' : 'does not match'} ${text.slice(0, 20)}`, () =>
      assert.equal(compileGoPattern(pattern).test(text), matches));
  }

  for (const pattern of ['(', '(a)\\1', '(?=a)', '((a{100}){100}){100}', '\\', 'a'.repeat(1001)]) {
    it(`refuses ${pattern.slice(0, 30)}`, () =>
      assert.throws(() => compileGoPattern(pattern), { kind: 'invalid' }));
  }
});
