import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLabelValue, type LabelType } from './label-value.ts';

const cases: Record<LabelType, { good: readonly string[]; bad: readonly string[] }> = {
  text: { good: ['', 'any\n\u0000thing', '$X'], bad: [] },
  rfc3339: {
    good: [
      '2024-05-01T10:00:00Z',
      '2024-05-01 10:00:00Z',
      '2024-02-29T23:59:60.123456789+05:30',
      '2024-12-31t00:00:00z',
    ],
    bad: [
      '',
      '2024-05-01',
      '10:00:00Z',
      '2024-05-01T10:00:00',
      '2024-02-30T10:00:00Z',
      '2023-02-29T10:00:00Z',
      '2024-13-01T10:00:00Z',
      '2024-05-01T24:00:00Z',
      '2024-05-01T10:60:00Z',
      '2024-05-01T10:00:00+24:00',
      '$DATE',
    ],
  },
  semver: {
    good: ['0.0.0', '1.2.3', '1.2.3-rc.1', '1.2.3+build.5', '1.0.0-alpha-a.b-c+x-y', '10.20.30-0a'],
    bad: ['', '1', '1.2', 'v1.2.3', '01.2.3', '1.2.3-', '1.2.3-01', '1.2.3+', '1.2.3.4', '1.2.x'],
  },
  url: {
    good: ['https://example.com', 'http://[::1]:80/a?b#c', 'mailto:a@b.c', 'urn:isbn:1'],
    bad: ['', 'example.com', '/path', 'http://', 'https://a b', '://x', '$URL'],
  },
  hash: {
    good: ['1f2e3d4', '0123456789abcdef0123456789abcdef01234567'],
    bad: ['', 'main', '1f2e3d', '1f2e3d45', '1F2E3D4', `${'0'.repeat(39)}g`, '0'.repeat(41)],
  },
  spdx: {
    good: ['MIT', 'Apache-2.0', 'GPL-2.0+', '(MIT OR Apache-2.0) AND BSD-3-Clause', 'LicenseRef-x'],
    bad: ['', 'mit license', 'MIT OR', 'OR MIT', 'MIT Apache-2.0', 'Proprietary'],
  },
  email: {
    good: ['a@b.c', 'ann.b+c@example.co.uk', "o'neil@example.com", 'a@localhost'],
    bad: ['', 'a', 'a@', '@b', 'a@b@c', 'a b@c.d', 'Ann <a@b.c>', '.a@b.c', 'a.@b.c', 'a@b..c'],
  },
};

for (const [type, { good, bad }] of Object.entries(cases)) {
  describe(`labels of type ${type}`, () => {
    for (const value of good) {
      test(`${JSON.stringify(value)} is one`, () => {
        assert.ok(isLabelValue(type as LabelType, value));
      });
    }
    for (const value of bad) {
      test(`${JSON.stringify(value)} is none`, () => {
        assert.ok(!isLabelValue(type as LabelType, value));
      });
    }
  });
}
