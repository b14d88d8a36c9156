import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from './analyze-image.ts';
import { compareImages } from './compare.ts';

async function compared(
  before: Record<string, SampleMember>[],
  after: Record<string, SampleMember>[],
  most = 10,
) {
  const of = async (layers: Record<string, SampleMember>[]) =>
    analyzeImage(await layeredImage(layers.map((members) => ({ members }))));
  return compareImages(await of(before), await of(after), { most });
}

test('what grew is named where it grew, and no byte twice', async () => {
  const before = [{ 'usr/lib/a': 1000, 'usr/lib/b': 50, 'etc/x': 10, gone: 300 }];
  const after: Record<string, SampleMember>[] = [
    { 'usr/lib/a': 4000, 'usr/lib/b': 50, 'etc/x': 10, 'usr/share/doc/d': 500, tmp: 900 },
    // Only what is seen counts.
    { '.wh.tmp': 0, 'opt/new/1': 30, 'opt/new/2': 20 },
  ];
  const { paths, before: was, after: is } = await compared(before, after);
  assert.deepEqual([was, is], [1360, 4610]);
  assert.deepEqual(
    paths.map(({ path, isRest, before: old, after: now }) => [path, isRest, now - old]),
    [
      ['/usr/lib/a', false, 3000],
      ['/usr/share/doc/d', false, 500],
      ['/gone', false, -300],
      ['/opt/new', false, 50],
    ].map(([path, isRest, change]) => [path, isRest, change]),
  );
});

test('many small changes are summed up in their directory', async () => {
  const files = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`lib/d/f${i}`, 10]));
  const { paths } = await compared([{ keep: 5 }], [{ keep: 5, ...files, 'lib/big': 3000 }]);
  assert.deepEqual(
    paths.map(({ path, isRest, after }) => `${path} ${isRest} ${after}`),
    ['/lib/d false 5000', '/lib/big false 3000'],
  );
});

test('no more lines than asked for', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`d${i % 5}/f${i}`, 100 + i]),
  );
  const { paths } = await compared([], [files], 3);
  assert.equal(paths.length, 3);
});

test('packages that came, went or changed', async () => {
  const status = (...packages: [string, string, number][]) => ({
    'var/lib/dpkg/status': packages
      .map(
        ([name, version, size]) =>
          `Package: ${name}\nVersion: ${version}\nInstalled-Size: ${size}\n`,
      )
      .join('\n'),
  });
  const { packages } = await compared(
    [status(['bash', '1', 10], ['old', '1', 5], ['same', '1', 1])],
    [status(['bash', '2', 30], ['new', '1', 7], ['same', '1', 1])],
  );
  assert.deepEqual(
    packages.map(
      ({ name, before, after, beforeBytes, afterBytes }) =>
        `${name} ${before}>${after} ${(afterBytes - beforeBytes) / 1024}`,
    ),
    ['bash 1>2 20', 'new >1 7', 'old 1> -5'],
  );
});
