import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSignal } from './signals.ts';

describe('parseSignal', () => {
  for (const [text, number] of [
    ['KILL', 9],
    ['SIGKILL', 9],
    ['sigterm', 15],
    ['9', 9],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['RTMAX-1', 63],
    ['RTMAX', 64],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseSignal(text), number));
  }
  for (const text of ['', '0', '65', '-9', 'SIG', 'NOPE', '9x']) {
    it(`refuses "${text}"`, () => assert.throws(() => parseSignal(text), { kind: 'invalid' }));
  }
});
