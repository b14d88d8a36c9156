import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryUsers, userAccounts } from './users.ts';
import { usersContract } from './users-contract.ts';

usersContract('memory', (work) => work(memoryUsers()));

test('accounts are named, given passwords, listed and removed', async () => {
  const accounts = userAccounts(memoryUsers());
  await accounts.setPassword('bob', 'secret', { admin: false });
  await accounts.setPassword('bob', 'other', { admin: true });
  assert.deepEqual(await accounts.list(), [{ name: 'bob', admin: true }]);
  for (const name of ['', 'Bob', 'a:b', 'a b', '../x', '.x', 'x'.repeat(65)]) {
    await assert.rejects(accounts.setPassword(name, 'x', { admin: false }), { kind: 'invalid' });
  }
  await assert.rejects(accounts.setPassword('eve', '', { admin: false }), { kind: 'invalid' });
  await accounts.remove('bob');
  await assert.rejects(accounts.remove('bob'), { kind: 'not-found' });
});
