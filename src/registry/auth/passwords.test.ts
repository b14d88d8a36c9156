import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureThrottle } from './failure-throttle.ts';
import { hashPassword, verifyPassword } from './passwords.ts';

test('a password is verified against its hash, and nothing else is', async () => {
  const hash = await hashPassword('päss:word');
  assert.match(hash, /^scrypt\$32768\$8\$1\$/);
  assert.equal(await verifyPassword('päss:word', hash), true);
  assert.equal(await verifyPassword('pass:word', hash), false);
  assert.equal(await verifyPassword('', hash), false);
  assert.notEqual(await hashPassword('päss:word'), hash);
});

for (const stored of [undefined, '', 'plain', 'scrypt$1', 'bcrypt$32768$8$1$c2FsdA==$aGFzaA==']) {
  test(`no password fits the hash ${stored}`, async () => {
    assert.equal(await verifyPassword('x', stored), false);
  });
}

test('a name guessed at waits twice as long each time, elsewhere not at all', () => {
  let nowMs = 1_000_000;
  const throttle = failureThrottle(() => nowMs);
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) throttle.failed('bob', '10.0.0.1');
  };
  fail(4);
  assert.equal(throttle.waitMs('bob', '10.0.0.1'), 0);
  fail(1);
  assert.equal(throttle.waitMs('bob', '10.0.0.1'), 1000);
  fail(2);
  assert.equal(throttle.waitMs('bob', '10.0.0.1'), 4000);
  assert.equal(throttle.waitMs('bob', '10.0.0.2'), 0);
  assert.equal(throttle.waitMs('eve', '10.0.0.1'), 0);
  fail(30);
  assert.equal(throttle.waitMs('bob', '10.0.0.1'), 60_000);
  assert.equal(throttle.waitMs('eve', '10.0.0.1'), 60_000);
  nowMs += 60_000;
  assert.equal(throttle.waitMs('bob', '10.0.0.1'), 0);
  fail(1);
  throttle.succeeded('bob', '10.0.0.1');
  nowMs += 16 * 60_000;
  assert.equal(throttle.waitMs('eve', '10.0.0.1'), 0);
});

test('addresses of one IPv6 network count as one', () => {
  const throttle = failureThrottle(() => 0);
  for (let i = 0; i < 6; i++) throttle.failed('bob', `2001:db8:1:2:${i}::1`);
  assert.ok(throttle.waitMs('bob', '2001:db8:1:2:ffff::9') > 0);
  assert.equal(throttle.waitMs('bob', '2001:db8:1:3::1'), 0);
});
