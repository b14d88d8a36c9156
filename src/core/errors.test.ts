import assert from 'node:assert/strict';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { test } from 'node:test';
import * as errors from './errors.ts';

const { BerthError, errnoCode, errorKind, errorMessage } = errors;

for (const [raise, kind] of [
  [errors.invalid, 'invalid'],
  [errors.notFound, 'not-found'],
  [errors.conflict, 'conflict'],
  [errors.unauthorized, 'unauthorized'],
  [errors.forbidden, 'forbidden'],
  [errors.unavailable, 'unavailable'],
  [errors.unsupported, 'unsupported'],
  [errors.canceled, 'canceled'],
  [errors.internal, 'internal'],
] as const) {
  test(`errors of kind ${kind}`, () => {
    const cause = new Error('deeper');
    const error = raise('do thing: reason', { code: 'CODE', details: { at: 1 }, cause });
    assert.ok(error instanceof BerthError && error instanceof Error);
    assert.deepEqual(
      [error.kind, error.code, error.details, error.cause, error.message, error.name],
      [kind, 'CODE', { at: 1 }, cause, 'do thing: reason', 'BerthError'],
    );
    assert.equal(errorKind(error), kind);
    assert.ok(!('cause' in raise('do thing: reason')));
  });
}

test('kinds of what others throw', () => {
  assert.equal(errorKind(new Error('x')), 'internal');
  assert.equal(errorKind('x'), 'internal');
  assert.equal(errorKind(undefined), 'internal');
  assert.equal(errorKind(AbortSignal.abort().reason), 'canceled');
});

test('messages of anything', () => {
  assert.equal(errorMessage(new Error('x')), 'x');
  assert.equal(errorMessage('y'), 'y');
  assert.equal(errorMessage(undefined), 'undefined');
});

test('messages of failed system calls', async () => {
  const cases: [() => Promise<unknown>, string][] = [
    [() => readFile('/does/not/exist'), 'open /does/not/exist: no such file or directory'],
    [() => readFile('/'), 'is a directory'],
    [() => mkdir('/'), 'mkdir /: file exists'],
    [() => rename("/no/'a", '/no/b'), "rename /no/'a /no/b: no such file or directory"],
  ];
  for (const [call, words] of cases) {
    const error = await call().catch((failure) => failure);
    assert.equal(errorMessage(error), words);
  }
});

test('codes of failed system calls, and of nothing else', async () => {
  const error = await readFile('/does/not/exist').catch((failure) => failure);
  assert.equal(errnoCode(error), 'ENOENT');
  for (const other of [
    new Error('x'),
    { code: 'ERR_STREAM_DESTROYED' },
    { code: 5 },
    null,
    'ENOENT',
  ]) {
    assert.equal(errnoCode(other), undefined);
  }
});
