import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatScope, grouped, parseScopes } from './scopes.ts';

for (const [parameters, expected] of [
  [['repository:a/b:pull'], 'repository:a/b:pull'],
  [['repository:a:pull,push', 'repository:b:pull'], 'repository:a:pull,push repository:b:pull'],
  [['repository:a:pull repository:b:push'], 'repository:a:pull repository:b:push'],
  [['repository(plugin):a:pull'], 'repository:a:pull'],
  [['repository:a:*'], 'repository:a:pull,push,delete'],
  [['repository:a:pull', 'repository:a:push,pull'], 'repository:a:pull,push'],
  [['registry:catalog:*'], 'registry:catalog:*'],
  // What is no scope here grants nothing.
  [['registry:other:*', 'registry:catalog:pull'], ''],
  [['repository:A:pull', 'repository:../x:pull', 'repository::pull', 'repository:a'], ''],
  [['repository:a:fly'], ''],
  [['repository.x:a:pull', 'repository(:a:pull', '(repository):a:pull'], ''],
  [['', ' ', ':::', 'job:1:run'], ''],
] as const) {
  test(`scope ${JSON.stringify(parameters)}`, () => {
    assert.equal(formatScope(parseScopes(parameters)), expected);
  });
}

test('a token request asks for a hundred things at most', () => {
  const many = Array.from({ length: 1000 }, (_, index) => `repository:r${index}:pull`);
  assert.equal(grouped(parseScopes(many)).length, 100);
});

test('a long scope of brackets is read through once', () => {
  // With time that grows by the square of the length, this would take hours.
  assert.deepEqual(parseScopes([`repository${'('.repeat(10_000_000)}:a:pull`]), []);
});
