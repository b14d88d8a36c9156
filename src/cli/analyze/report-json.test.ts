import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage } from '../../../test/contract/sample-layers.ts';
import { analyzeImage, compareImages } from '../../image/analysis/index.ts';
import { comparisonJson, reportJson } from './report-json.ts';

const big = 'x'.repeat(5000);
const base = {
  line: 'ADD base /',
  members: { 'bin/su': { text: big, mode: 0o4755 }, 'tmp/f': { text: '', mode: 0o666 } },
};
const image = await layeredImage([
  base,
  {
    line: 'COPY . /src # buildkit',
    members: { 'src/a': big, 'src/id_rsa': '-----BEGIN PRIVATE KEY-----' },
  },
  {
    line: 'RUN /bin/sh -c rm /src/id_rsa && apt-get update # buildkit',
    members: { 'src/.wh.id_rsa': 0, 'var/lib/apt/lists/l': 700 },
  },
]);
const lines = [undefined, { line: 2, text: 'COPY . /src' }, { line: 3, text: 'RUN rm' }];
const analysis = await analyzeImage(image);

/** As a reader of the document sees it. */
const json = (value: object) => JSON.parse(JSON.stringify(value));

test('every finding with its cause, place and advice', () => {
  const report = json(reportJson(analysis, { label: 'x:1', lines }));
  assert.deepEqual(report.image, {
    name: 'x:1',
    platform: { os: 'linux', architecture: 'amd64' },
    sizeBytes: 10_727,
    storedBytes: image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
    distribution: null,
  });
  assert.equal(report.layers[1].line, 2);
  assert.equal(report.layers[1].changes.added, 2);
  const [waste] = report.waste;
  assert.deepEqual([waste.sizeBytes, waste.kind, waste.fromBase], [27, 'removed', false]);
  assert.deepEqual(waste.brought, { layer: 1, line: 2, instruction: 'COPY . /src' });
  assert.deepEqual(waste.undone, { layer: 2, line: 3, instruction: 'RUN rm' });
  assert.match(waste.advice, /in place of line 2/);
  assert.deepEqual(report.secrets, [
    {
      kind: 'private key',
      path: '/src/id_rsa',
      layer: 1,
      line: 2,
      hiddenBy: { layer: 2, line: 3 },
    },
  ]);
  assert.deepEqual(report.risks, [
    {
      kind: 'setid',
      path: '/bin/su',
      mode: '4755',
      uid: 0,
      gid: 0,
      isDirectory: false,
      layer: 0,
    },
    {
      kind: 'world-writable',
      path: '/tmp/f',
      mode: '0666',
      uid: 0,
      gid: 0,
      isDirectory: false,
      layer: 0,
    },
  ]);
  assert.equal(report.caches[0].manager, 'apt');
  assert.match(report.caches[0].advice, /^line 3: RUN --mount=type=cache/);
  assert.deepEqual(report.duplicates[0].files, [
    { path: '/bin/su', layer: 0 },
    { path: '/src/a', layer: 1, line: 2 },
  ]);
  assert.deepEqual(report.packages, []);
});

test('a share that is no number is null, and without a Dockerfile no lines are told', async () => {
  const one = await analyzeImage(await layeredImage([base]));
  const report = json(reportJson(one, { label: 'x', lines: undefined }));
  assert.equal(report.efficiency.userWastedShare, null);
  assert.deepEqual(Object.keys(report.layers[0]).slice(0, 2), ['layer', 'instruction']);
});

test('what grew', async () => {
  const before = { label: 'old', analysis: await analyzeImage(await layeredImage([base])) };
  const after = { label: 'new', analysis };
  const most = Number.MAX_SAFE_INTEGER;
  const comparison = compareImages(before.analysis, analysis, { most });
  const report = json(comparisonJson(comparison, [before, after]));
  assert.deepEqual(
    [report.before.name, report.after.layers, report.changedBytes],
    ['old', 3, 5700],
  );
  assert.deepEqual(report.paths[0], { path: '/src/a', isRest: false, before: 0, after: 5000 });
});
