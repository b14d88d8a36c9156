import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoted } from '../../core/index.ts';
import { goDuration, goList, goQuotedList, goQuotedRune } from './go-format.ts';

test('lists', () => {
  assert.equal(goQuotedList(['/bin/sh', '-c', 'echo "x"']), '["/bin/sh" "-c" "echo \\"x\\""]');
  assert.equal(goQuotedList([]), '[]');
  assert.equal(goList(['/bin/bash', '-c']), '[/bin/bash -c]');
});

test('strings', () => {
  assert.equal(quoted('a\tb\nc\u0001ä\u200b'), '"a\\tb\\nc\\x01ä\\u200b"');
});

test('numbers as characters', () => {
  assert.deepEqual([0, 3, 10, 34, 39, 65, 0xd800].map(goQuotedRune), [
    `'\\x00'`,
    `'\\x03'`,
    `'\\n'`,
    `'"'`,
    `'\\''`,
    `'A'`,
    `'\ufffd'`,
  ]);
});

test('durations', () => {
  const cases: [number, string][] = [
    [0, '0s'],
    [30_000, '30s'],
    [90_000, '1m30s'],
    [3_600_000, '1h0m0s'],
    [1500, '1.5s'],
    [200, '200ms'],
    [0.5, '500µs'],
  ];
  for (const [milliseconds, text] of cases) assert.equal(goDuration(milliseconds), text);
});
