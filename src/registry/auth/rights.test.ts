import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RepositoryName } from '../repository-name.ts';
import type { Access, Action } from '../server/access-control.ts';
import { defaultPolicy, type Right, rightsCheck } from './rights.ts';

const on = (name: string, action: Action = 'pull'): Access => ({
  type: 'repository',
  name: name as RepositoryName,
  action,
});

const isAllowed = (rights: readonly Right[], access: Access, user?: string) =>
  rightsCheck(rights, user)(access);

for (const [pattern, name, expected] of [
  ['app', 'app', true],
  ['app', 'apps', false],
  ['app', 'team/app', false],
  ['team/*', 'team/app', true],
  ['team/*', 'team/app/x', false],
  ['team/*', 'team', false],
  ['team/**', 'team/app/x', true],
  ['**', 'any/thing', true],
  ['*', 'any/thing', false],
  ['te*/a?p', 'team/aap', false],
  ['a.b', 'axb', false],
  ['a.b', 'a.b', true],
  ['{user}/**', 'bob/app', true],
  ['{user}/**', 'alice/app', false],
  ['[a-z]', 'b', false],
  ['(a|b)', 'a', false],
] as const) {
  test(`pattern ${pattern} and ${name}`, () => {
    const rights = [{ pattern, actions: ['pull'] as const }];
    assert.equal(isAllowed(rights, on(name), 'bob'), expected);
    assert.equal(isAllowed(rights, on(name, 'push'), 'bob'), false);
  });
}

test('the default policy: everybody pulls, each has a place of their own', () => {
  const { anonymous, authenticated } = defaultPolicy({ pull: false, push: false });
  assert.equal(isAllowed(anonymous, on('app')), false);
  assert.equal(isAllowed(authenticated, on('app'), 'bob'), true);
  assert.equal(isAllowed(authenticated, on('app', 'push'), 'bob'), false);
  assert.equal(isAllowed(authenticated, on('bob/app', 'push'), 'bob'), true);
  assert.equal(isAllowed(authenticated, on('bob/app', 'delete'), 'bob'), true);
});

test('anonymous pull and push are switches', () => {
  const open = defaultPolicy({ pull: true, push: true }).anonymous;
  assert.equal(isAllowed(open, on('a/b', 'push')), true);
  assert.equal(isAllowed(open, on('a/b', 'delete')), false);
  const readable = defaultPolicy({ pull: true, push: false }).anonymous;
  assert.equal(isAllowed(readable, on('a/b')), true);
  assert.equal(isAllowed(readable, on('a/b', 'push')), false);
});
