import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Health } from '../containers/container.ts';
import { afterProbe, probeCommand, probeDelayMs } from './health.ts';

const second = 1e9;
const starting: Health = { status: 'starting', failingStreak: 0, log: [] };
const result = (exitCode: number, startMs = 0) => ({
  startMs,
  endMs: startMs,
  exitCode,
  output: '',
});

describe('health', () => {
  for (const [test, command] of [
    [
      ['CMD', 'curl', 'x'],
      ['curl', 'x'],
    ],
    [
      ['CMD-SHELL', 'curl x || exit 1'],
      ['/bin/sh', '-c', 'curl x || exit 1'],
    ],
    [['NONE'], undefined],
    [[], undefined],
    [['CMD'], undefined],
  ] as const) {
    it(`reads ${test.join(' ') || 'nothing'}`, () => {
      assert.deepEqual(probeCommand({ Healthcheck: { Test: test } }), command);
    });
  }

  it('uses the shell of the image', () => {
    const config = { Healthcheck: { Test: ['CMD-SHELL', 'x'] }, Shell: ['/bin/bash', '-c'] };
    assert.deepEqual(probeCommand(config), ['/bin/bash', '-c', 'x']);
  });

  it('turns unhealthy after as many failures in a row as allowed, and back at once', () => {
    const context = { check: { Retries: 2 }, startedAtMs: 0 };
    const once = afterProbe(starting, result(1), context);
    assert.deepEqual([once.status, once.failingStreak], ['starting', 1]);
    const twice = afterProbe(once, result(1), context);
    assert.deepEqual([twice.status, twice.failingStreak], ['unhealthy', 2]);
    const well = afterProbe(twice, result(0), context);
    assert.deepEqual([well.status, well.failingStreak, well.log.length], ['healthy', 0, 3]);
    assert.equal(afterProbe(well, result(1), context).status, 'healthy');
  });

  it('forgives failures while the container starts, until it was well once', () => {
    const context = { check: { Retries: 1, StartPeriod: 10 * second }, startedAtMs: 0 };
    assert.equal(afterProbe(starting, result(1, 9999), context).failingStreak, 0);
    assert.equal(afterProbe(starting, result(1, 10_000), context).status, 'unhealthy');
    const well = afterProbe(starting, result(0, 100), context);
    assert.equal(afterProbe(well, result(1, 200), context).status, 'unhealthy');
  });

  it('keeps the last five results', () => {
    let health = starting;
    for (let count = 0; count < 8; count++) {
      health = afterProbe(health, result(0, count), { check: {}, startedAtMs: 0 });
    }
    assert.deepEqual(
      health.log.map(({ startMs }) => startMs),
      [3, 4, 5, 6, 7],
    );
  });

  for (const [what, check, status, ranMs, expected] of [
    ['the default', {}, 'starting', 0, 30_000],
    ['its interval', { Interval: 2 * second }, 'healthy', 0, 2000],
    [
      'the start interval',
      { StartPeriod: 60 * second, StartInterval: second },
      'starting',
      100,
      1000,
    ],
    ['the default start interval', { StartPeriod: 60 * second }, 'starting', 100, 5000],
    [
      'the interval once well',
      { StartPeriod: 60 * second, Interval: second },
      'healthy',
      100,
      1000,
    ],
    [
      'the interval after the start period',
      { StartPeriod: second, Interval: second * 3 },
      'starting',
      1000,
      3000,
    ],
  ] as const) {
    it(`waits ${what}`, () => assert.equal(probeDelayMs(check, { status, ranMs }), expected));
  }
});
