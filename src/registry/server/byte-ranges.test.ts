import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseContentRange, parseRange } from './byte-ranges.ts';

for (const [header, expected] of [
  [undefined, undefined],
  ['bytes=0-', { start: 0, end: 10 }],
  ['bytes=3-5', { start: 3, end: 6 }],
  ['bytes=3-500', { start: 3, end: 10 }],
  ['Bytes=9-9', { start: 9, end: 10 }],
  ['bytes=-4', { start: 6, end: 10 }],
  ['bytes=-40', { start: 0, end: 10 }],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=99999999999999999999-', 'unsatisfiable'],
  // Servers may ignore what they do not understand, and several ranges are not worth their cost.
  ['bytes=5-3', undefined],
  ['bytes=0-1,4-5', undefined],
  ['bytes=-', undefined],
  ['bytes=a-b', undefined],
  ['items=0-1', undefined],
] as const) {
  test(`Range: ${header}`, () => assert.deepEqual(parseRange(header, 10), expected));
}

test('an empty blob has no satisfiable range', () => {
  assert.equal(parseRange('bytes=0-', 0), 'unsatisfiable');
  assert.equal(parseRange('bytes=-5', 0), 'unsatisfiable');
});

for (const [header, expected] of [
  [undefined, undefined],
  ['0-0', { start: 0, end: 1 }],
  ['0-1023', { start: 0, end: 1024 }],
  ['bytes 10-19/20', { start: 10, end: 20 }],
  ['bytes 10-19/*', { start: 10, end: 20 }],
  ['19-10', 'invalid'],
  ['-10', 'invalid'],
  ['0-', 'invalid'],
  ['0-9999999999999999', 'invalid'],
  ['', 'invalid'],
] as const) {
  test(`Content-Range: ${header}`, () => assert.deepEqual(parseContentRange(header), expected));
}
