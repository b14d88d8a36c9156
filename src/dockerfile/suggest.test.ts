import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './index.ts';

const cases: [written: string, options: string[], expected: string | undefined][] = [
  ['chwon', ['from', 'chown', 'chmod'], 'chown'],
  ['RNU', ['ENV', 'RUN', 'ARG'], 'RUN'],
  ['fro', ['from'], 'from'],
  ['frmo', ['from', 'format'], 'from'],
  ['xfromx', ['from'], 'from'],
  ['from', ['from', 'fromm'], undefined],
  ['something', ['run'], undefined],
  ['abc', [], undefined],
  ['abcdef', ['abczzz'], undefined],
  ['', ['ab'], 'ab'],
];

for (const [written, options, expected] of cases) {
  test(`${written || 'nothing'} among ${options.join(' ') || 'none'}`, () => {
    assert.equal(nearest(written, options), expected);
  });
}

test('takes the case of what was written when case does not matter', () => {
  assert.equal(nearest('RNU', ['run'], { ignoreCase: true }), 'RUN');
  assert.equal(nearest('rnu', ['RUN'], { ignoreCase: true }), 'run');
  assert.equal(nearest('RNU', ['run']), undefined);
  assert.equal(nearest('Run', ['RUN'], { ignoreCase: true }), undefined);
});
