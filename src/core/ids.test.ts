import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomId, shortId } from './ids.ts';

test('random ids look like Docker ones and differ', () => {
  const ids = new Set(Array.from({ length: 100 }, randomId));
  assert.equal(ids.size, 100);
  for (const id of ids) assert.match(id, /^[0-9a-f]{64}$/);
});

test('the digits people see, of ids and digests', () => {
  const hex = '0123456789abcdef'.repeat(4);
  assert.equal(shortId(hex), '0123456789ab');
  assert.equal(shortId(`sha256:${hex}`), '0123456789ab');
  assert.equal(shortId('abc'), 'abc');
});
