import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTimeToGiveBack } from './idle-memory.ts';

describe('isTimeToGiveBack', () => {
  for (const [what, busyMs, workedMs, isTime] of [
    ['work that is over', 10, 900, true],
    ['work that goes on', 400, 900, false],
    ['health checks after a burst', 90, 900, true],
    ['nothing since the last time', 0, 0, false],
    ['too little to pay', 5, 150, false],
  ] as const) {
    it(what, () => assert.equal(isTimeToGiveBack({ busyMs, windowMs: 5000, workedMs }), isTime));
  }
});
