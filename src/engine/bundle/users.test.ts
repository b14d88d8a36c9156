import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveUser } from './users.ts';

const database = {
  passwd: [
    'root:x:0:0:root:/root:/bin/sh',
    '# comment',
    'web:x:33:33::/var/www:/sbin/nologin',
    'short:x',
    'odd:x:12a:1::/:',
    '1000:x:5:5::/numeric:',
    'me:x:1000:1000::/home/me:/bin/sh',
    'me:x:7:7::/second:',
  ].join('\n'),
  group: ['root:x:0:', 'www:x:33:', 'audio:x:29:me,web', 'docker:x:999:me', 'bad:x:'].join('\n'),
};

describe('resolveUser', () => {
  for (const [text, uid, gid, groups, home] of [
    ['', 0, 0, [0], '/root'],
    ['me', 1000, 1000, [1000, 29, 999], '/home/me'],
    ['1000', 1000, 1000, [1000, 29, 999], '/home/me'], // a number is an id, even where it is a name
    ['me:audio', 1000, 29, [29], '/home/me'], // an explicit group leaves the others out
    ['me:5', 1000, 5, [5], '/home/me'],
    ['4242', 4242, 0, [0], '/'],
    ['4242:4343', 4242, 4343, [4343], '/'],
    [':audio', 0, 29, [29], '/root'],
  ] as const) {
    it(`reads "${text}"`, () => {
      const user = resolveUser(text, database);
      assert.deepEqual(user, { uid, gid, additionalGids: [...groups], home });
    });
  }

  it('adds groups by name and number', () => {
    const user = resolveUser('web', database, ['docker', '77']);
    assert.deepEqual(user.additionalGids, [33, 29, 999, 77]);
  });

  it('knows only numbers in an image without a user database', () => {
    const none = { passwd: '', group: '' };
    assert.deepEqual(resolveUser('7:8', none).additionalGids, [8]);
    assert.throws(() => resolveUser('web', none), /unable to find user web/);
  });

  for (const [text, message] of [
    ['nobody', 'unable to find user nobody: no matching entries in passwd file'],
    ['odd', 'unable to find user odd: no matching entries in passwd file'],
    ['me:nogroup', 'unable to find group nogroup: no matching entries in group file'],
    ['-1', 'unable to find user -1: no matching entries in passwd file'],
    ['4294967295', 'uids and gids must be in range 0-2147483647: 4294967295'],
  ] as const) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => resolveUser(text, database), { kind: 'invalid', message });
    });
  }
});
