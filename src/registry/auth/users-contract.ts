import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { User, Users } from './users.ts';

const user = (name: string, extra: Partial<User> = {}): User => ({
  name,
  passwordHash: `hash of ${name}`,
  admin: false,
  ...extra,
});

/** What every `Users` must do; `open` gives a fresh, empty one for each test. */
export function usersContract(
  name: string,
  open: (work: (users: Users) => Promise<void>) => Promise<void>,
): void {
  test(`${name}: users are saved, replaced, listed in order and removed`, () =>
    open(async (users) => {
      await users.save(user('bob'));
      await users.save(user('alice', { admin: true }));
      assert.deepEqual(await users.find('alice'), user('alice', { admin: true }));
      assert.equal(await users.find('Alice'), undefined);
      await users.save(user('alice', { passwordHash: 'new' }));
      assert.deepEqual(await users.list(), [user('alice', { passwordHash: 'new' }), user('bob')]);
      assert.equal(await users.remove('alice'), true);
      assert.equal(await users.remove('alice'), false);
      assert.equal(await users.find('alice'), undefined);
    }));

  test(`${name}: rights belong to a user`, () =>
    open(async (users) => {
      await users.save(user('bob'));
      assert.deepEqual(await users.rightsOf('bob'), []);
      await users.grant('bob', { pattern: 'team/**', actions: ['pull'] });
      await users.grant('bob', { pattern: 'app', actions: ['pull', 'push'] });
      await users.grant('bob', { pattern: 'team/**', actions: ['delete'] });
      assert.deepEqual(await users.rightsOf('bob'), [
        { pattern: 'app', actions: ['pull', 'push'] },
        { pattern: 'team/**', actions: ['delete'] },
      ]);
      await users.save(user('bob', { passwordHash: 'new' }));
      await users.grant('bob', { pattern: 'app', actions: [] });
      assert.equal((await users.rightsOf('bob')).length, 1);
      await users.remove('bob');
      await users.save(user('bob'));
      assert.deepEqual(await users.rightsOf('bob'), []);
      await assert.rejects(users.grant('eve', { pattern: 'a', actions: ['pull'] }), {
        kind: 'not-found',
      });
    }));
}
