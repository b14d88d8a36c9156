import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseContainerName, randomName } from './names.ts';

describe('container names', () => {
  for (const [text, name] of [
    ['web', 'web'],
    ['/web', 'web'],
    ['A.b-c_9', 'A.b-c_9'],
  ] as const) {
    it(`takes ${text}`, () => assert.equal(parseContainerName(text), name));
  }
  for (const text of ['', 'a', '/', '-a', '.a', 'a/b', 'a b', '//a', 'ä1', 'a\n']) {
    it(`refuses ${JSON.stringify(text)} in Docker's words`, () => {
      assert.throws(() => parseContainerName(text), {
        kind: 'invalid',
        message: `Invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
      });
    });
  }

  it('makes names of its own that it would take', () => {
    for (let count = 0; count < 100; count++) {
      const name = randomName('c0ffee', () => false);
      assert.match(name, /^[a-z]+_[a-z]+$/);
      assert.equal(parseContainerName(name), name);
    }
    assert.equal(
      randomName(`${'ab'.repeat(32)}`, () => true),
      'abababababab',
    );
  });
});
