import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detachFilter, parseDetachKeys } from './detach-keys.ts';

describe('parseDetachKeys', () => {
  for (const [text, bytes] of [
    ['', [16, 17]],
    ['ctrl-p,ctrl-q', [16, 17]],
    ['a', [97]],
    ['ctrl-@,x', [0, 120]],
    ['ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [27, 28, 29, 30, 31]],
  ] as const) {
    it(`reads "${text}"`, () => assert.deepEqual(parseDetachKeys(text), bytes));
  }
  for (const text of ['ctrl-', 'ab', 'ctrl-1', 'a,,b', 'é']) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseDetachKeys(text), {
        message: `Invalid detach keys (${text}) provided`,
      });
    });
  }
});

describe('detachFilter', () => {
  for (const [what, chunks, passed, detached] of [
    ['plain input', ['abc'], 'abc', false],
    ['the keys', ['\x10\x11'], '', true],
    ['the keys apart', ['a\x10', '\x11b'], 'a', true],
    ['half of the keys', ['\x10', 'x'], '\x10x', false],
    ['the first key twice', ['\x10\x10\x11'], '\x10', true],
    ['the second key alone', ['\x11'], '\x11', false],
  ] as const) {
    it(`handles ${what}`, () => {
      const filter = detachFilter(parseDetachKeys(''));
      const results = chunks.map((chunk) => filter(Buffer.from(chunk)));
      assert.equal(Buffer.concat(results.map(({ bytes }) => bytes)).toString(), passed);
      assert.equal(
        results.some((result) => result.detached),
        detached,
      );
    });
  }
});
