import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSize, parseDuration, parseSize } from './units.ts';

for (const [text, sizeBytes] of [
  ['0', 0],
  ['42', 42],
  ['42b', 42],
  ['1k', 1024],
  ['1kb', 1024],
  ['1KiB', 1024],
  ['1.5m', 1572864],
  [' 2 GB ', 2 ** 31],
  ['1t', 2 ** 40],
  ['1p', 2 ** 50],
  ['0.3k', 307],
] as const) {
  test(`size "${text}"`, () => assert.equal(parseSize(text), sizeBytes));
}

for (const text of [
  '',
  'k',
  '-1',
  '1.',
  '.5',
  '1kk',
  '1bb',
  '1 x',
  '1e9',
  '0x10',
  '9'.repeat(400),
  '9999999p',
  'NaN',
]) {
  test(`bad size "${text.slice(0, 20)}"`, () => {
    assert.throws(() => parseSize(text), {
      kind: 'invalid',
      message: `parse size: invalid size: '${text}'`,
    });
  });
}

for (const [sizeBytes, text] of [
  [0, '0B'],
  [1, '1B'],
  [999, '999B'],
  [1000, '1kB'],
  [71_530, '71.5kB'],
  [999_499, '999kB'],
  [999_999, '1MB'],
  [1_234_567_890, '1.23GB'],
  [2e18, '2000PB'],
] as const) {
  test(`format ${sizeBytes}`, () => assert.equal(formatSize(sizeBytes), text));
}

test('more digits on demand', () => assert.equal(formatSize(1_234_567, 4), '1.235MB'));

for (const [text, durationMs] of [
  ['0', 0],
  ['0s', 0],
  ['1s', 1000],
  ['1.5s', 1500],
  ['.5s', 500],
  ['1.s', 1000],
  ['1h30m', 5_400_000],
  ['2m3s4ms', 123_004],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['250μs', 0.25],
] as const) {
  test(`duration "${text}"`, () => assert.equal(parseDuration(text), durationMs));
}

test('nanoseconds', () => assert.ok(Math.abs(parseDuration('100ns') - 1e-4) < 1e-12));

for (const text of ['', '1', 's', '1x', '-1s', '1s ', ' 1s', '1s1', '1h-30m', '..5s', '1d']) {
  test(`bad duration "${text}"`, () => {
    assert.throws(() => parseDuration(text), { kind: 'invalid', message: /invalid duration/ });
  });
}
