import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { restartDelayMs, restartsWithDaemon } from './restart-policy.ts';

const run = { exitCode: 1, stoppedByUser: false, ranMs: 10, restartCount: 0, delayBeforeMs: 0 };

describe('restartDelayMs', () => {
  for (const [what, policy, change, expected] of [
    ['no policy', undefined, {}, undefined],
    ['no', { Name: 'no' }, {}, undefined],
    ['always', { Name: 'always' }, { exitCode: 0 }, 100],
    ['unless-stopped', { Name: 'unless-stopped' }, {}, 100],
    ['a stop by the user', { Name: 'always' }, { stoppedByUser: true }, undefined],
    ['on-failure after success', { Name: 'on-failure' }, { exitCode: 0 }, undefined],
    ['on-failure without bound', { Name: 'on-failure' }, { restartCount: 99 }, 100],
    [
      'on-failure:2, second',
      { Name: 'on-failure', MaximumRetryCount: 2 },
      { restartCount: 1 },
      100,
    ],
    [
      'on-failure:2, third',
      { Name: 'on-failure', MaximumRetryCount: 2 },
      { restartCount: 2 },
      undefined,
    ],
    ['a doubled delay', { Name: 'always' }, { delayBeforeMs: 400 }, 800],
    ['the longest delay', { Name: 'always' }, { delayBeforeMs: 50_000 }, 60_000],
    ['a steady run', { Name: 'always' }, { delayBeforeMs: 50_000, ranMs: 10_000 }, 100],
  ] as const) {
    it(what, () => assert.equal(restartDelayMs(policy, { ...run, ...change }), expected));
  }
});

describe('restartsWithDaemon', () => {
  for (const [name, stoppedByUser, exitCode, expected] of [
    ['always', true, 0, true],
    ['always', false, 0, true],
    ['unless-stopped', true, 0, false],
    ['unless-stopped', false, 0, true],
    ['on-failure', false, 1, true],
    ['on-failure', false, 0, false],
    ['on-failure', true, 137, false],
    ['no', false, 1, false],
  ] as const) {
    it(`${name}, ${stoppedByUser ? 'stopped by hand' : 'ended by itself'} with ${exitCode}`, () => {
      const ended = { stoppedByUser, exitCode, restartCount: 0 };
      assert.equal(restartsWithDaemon({ Name: name }, ended), expected);
    });
  }
});
