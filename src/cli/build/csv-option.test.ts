import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsvOption, refuseOthers } from './csv-option.ts';

for (const [text, pairs] of [
  ['type=local,dest=out', { type: 'local', dest: 'out' }],
  ['type=image,"name=a,b"', { type: 'image', name: 'a,b' }],
  ['TYPE=x,dest=a=b', { type: 'x', dest: 'a=b' }],
  ['"dest=say ""hi"""', { dest: 'say "hi"' }],
] as const) {
  test(`pairs of ${text}`, () => {
    assert.deepEqual(Object.fromEntries(parseCsvOption('--output', text)), pairs);
  });
}

test('what is no pair, or no known key, is refused', () => {
  assert.throws(
    () => parseCsvOption('--output', 'local'),
    /parse --output: "local" is not key=value/,
  );
  assert.throws(() => parseCsvOption('--output', '=x'), /is not key=value/);
  assert.throws(
    () => refuseOthers('--secret', new Map([['x', '1']]), ['id']),
    /unknown key "x"; known are id/,
  );
});
