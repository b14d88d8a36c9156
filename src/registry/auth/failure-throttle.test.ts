import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureThrottle } from './failure-throttle.ts';

const guess = (throttle: ReturnType<typeof failureThrottle>, addresses: readonly string[]) => {
  for (let tries = 0; tries < 20; tries++) {
    throttle.failed(`name${tries}`, addresses[tries % addresses.length]!);
  }
};

for (const [guessing, other, isSame] of [
  [['10.0.0.1'], '10.0.0.1', true],
  [['10.0.0.1'], '10.0.0.2', false],
  // One network of IPv6 is one guesser, however its addresses are written.
  [['2001:db8:1:2::5', '2001:db8:1:2::6'], '2001:db8:1:2:3:4:5:6', true],
  [['fd00::1', 'fd00::2', 'fd00::3:4'], 'fd00::ffff', true],
  [['2001:db8::1', '2001:db8:0:0:1::2'], '2001:db8::9', true],
  [['2001:db8:0:1::1'], '2001:db8::1', false],
  [['fe80::1%eth0', 'fe80::2%eth0'], 'fe80::3%eth0', true],
  [['::1'], '::1', true],
  [['::ffff:10.0.0.1'], '::ffff:10.0.0.2', false],
] as const) {
  test(`guesses from ${guessing} ${isSame ? 'slow' : 'do not slow'} ${other} down`, () => {
    const throttle = failureThrottle(() => 0);
    guess(throttle, guessing);
    assert.equal(throttle.waitMs('somebody', other) > 0, isSame);
  });
}
