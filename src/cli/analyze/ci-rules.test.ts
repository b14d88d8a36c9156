import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Efficiency } from '../../image/analysis/index.ts';
import { defaultRules, judge, parseRules, type RuleSettings } from './ci-rules.ts';

const image: Efficiency = {
  score: 0.9,
  sizeBytes: 2_000_000,
  userSizeBytes: 1_000_000,
  wastedBytes: 200_000,
  userWastedShare: 0.2,
  repeated: [],
};
const perfect: Efficiency = { ...image, score: 1, wastedBytes: 0, userWastedShare: 0 };
const single: Efficiency = { ...perfect, userWastedShare: Number.NaN };

/** Statuses in the order: user share, bytes, efficiency. */
const cases: [name: string, Efficiency, Partial<RuleSettings>, string][] = [
  ['by default bytes are not judged', image, {}, 'FAIL SKIP PASS'],
  ['an efficiency that is reached passes', image, { lowestEfficiency: '0.9' }, 'FAIL SKIP PASS'],
  ['one that is missed fails', image, { lowestEfficiency: '0.91' }, 'FAIL SKIP FAIL'],
  [
    'waste that meets its threshold fails',
    image,
    { highestWastedBytes: '200kB' },
    'FAIL FAIL PASS',
  ],
  [
    'KB is a thousand, whatever its case',
    image,
    { highestWastedBytes: '200.1 KB' },
    'FAIL PASS PASS',
  ],
  ['KiB is 1024', image, { highestWastedBytes: '195KiB' }, 'FAIL FAIL PASS'],
  ['bytes with and without unit', image, { highestWastedBytes: '200,001B' }, 'FAIL PASS PASS'],
  ['gigabytes', image, { highestWastedBytes: '1GB' }, 'FAIL PASS PASS'],
  ['a share that is met fails', image, { highestUserWastedPercent: '0.2' }, 'FAIL SKIP PASS'],
  ['a share above it passes', image, { highestUserWastedPercent: '0.21' }, 'PASS SKIP PASS'],
  [
    'no waste passes thresholds of 0',
    perfect,
    { highestWastedBytes: '0', highestUserWastedPercent: '0', lowestEfficiency: '1' },
    'PASS PASS PASS',
  ],
  [
    'an image of one layer has no share',
    single,
    { highestUserWastedPercent: '0' },
    'PASS SKIP PASS',
  ],
  [
    'waste with nothing but the first layer is past any share',
    { ...image, userWastedShare: Number.POSITIVE_INFINITY },
    { highestUserWastedPercent: '1' },
    'FAIL SKIP PASS',
  ],
  [
    'one byte below the border',
    { ...image, wastedBytes: 199_999 },
    { highestWastedBytes: '200KB' },
    'FAIL PASS PASS',
  ],
  ['on the border', image, { highestWastedBytes: '200KB' }, 'FAIL FAIL PASS'],
  ['megabytes', image, { highestWastedBytes: '0.2mb' }, 'FAIL FAIL PASS'],
  ['mebibytes', image, { highestWastedBytes: '1MiB' }, 'FAIL PASS PASS'],
  [
    'all off',
    image,
    { highestUserWastedPercent: 'disabled', highestWastedBytes: 'Off', lowestEfficiency: 'false' },
    'SKIP SKIP SKIP',
  ],
];

for (const [name, efficiency, settings, statuses] of cases) {
  test(`rules: ${name}`, () => {
    const results = judge(efficiency, parseRules({ ...defaultRules, ...settings }));
    assert.equal(results.map(({ status }) => status).join(' '), statuses);
  });
}

for (const settings of [
  { lowestEfficiency: '1.1' },
  { lowestEfficiency: '-0.1' },
  { lowestEfficiency: 'high' },
  { highestUserWastedPercent: '10' },
  { highestWastedBytes: '1BB' },
  { highestWastedBytes: '-1B' },
  { highestWastedBytes: '1iB' },
  { highestWastedBytes: 'KB' },
  { highestWastedBytes: '1 K B' },
  { highestWastedBytes: 'NaN' },
  { lowestEfficiency: '90%' },
  { lowestEfficiency: '1e400' },
  { highestUserWastedPercent: 'Infinity' },
]) {
  test(`rules: ${JSON.stringify(settings)} is refused`, () => {
    assert.throws(() => parseRules({ ...defaultRules, ...settings }), { kind: 'invalid' });
  });
}
