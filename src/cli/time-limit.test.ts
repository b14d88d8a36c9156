import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTimeLimit } from './time-limit.ts';

for (const [text, seconds] of [
  ['30', 1800],
  ['1:30', 90],
  ['2:00:05', 7205],
  ['1-2', 93_600],
  ['1-2:30', 95_400],
  ['1-0:0:1', 86_401],
] as const) {
  test(`time limit ${text}`, () => assert.equal(parseTimeLimit(text), seconds));
}

for (const text of ['', '-1', '1h', '1-', '1:2:3:4', '1.5']) {
  test(`bad time limit "${text}"`, () => {
    assert.throws(() => parseTimeLimit(text), /parse time limit/);
  });
}
