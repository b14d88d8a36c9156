import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from '../../image/analysis/index.ts';
import { diveJson } from './dive-json.ts';

test("layers, files and waste in dive's form", async () => {
  const image = await layeredImage([
    {
      line: '/bin/sh -c #(nop) ADD file:1 in / ',
      members: {
        'bin/': '',
        'bin/su': { sizeBytes: 3, mode: 0o4755, uid: 5 },
        'bin/sh': { type: 'symlink', linkTarget: 'su' },
      },
    },
    { line: 'RUN rm', members: { 'bin/.wh.su': 0, 'a\nb': 1 } },
  ]);
  const text = [...diveJson(await analyzeImage(image))].join('');
  const told = { linkName: '', uid: 0, gid: 0, isDir: false };
  assert.deepEqual(JSON.parse(text), {
    layer: [
      {
        index: 0,
        id: image.layers[0]!.descriptor.digest.slice(7),
        digestId: image.layers[0]!.diffId,
        sizeBytes: 3,
        command: '#(nop) ADD file:1 in / ',
        fileList: [
          { ...told, path: 'bin/sh', typeFlag: 50, linkName: 'su', size: 0, fileMode: 134218148 },
          { ...told, path: 'bin/su', typeFlag: 48, size: 3, fileMode: 8389101, uid: 5 },
          { ...told, path: 'bin', typeFlag: 53, size: 0, fileMode: 2147484141, isDir: true },
        ],
      },
      {
        index: 1,
        id: image.layers[1]!.descriptor.digest.slice(7),
        digestId: image.layers[1]!.diffId,
        sizeBytes: 1,
        command: 'RUN rm',
        fileList: [
          { ...told, path: 'a\nb', typeFlag: 48, size: 1, fileMode: 420 },
          { ...told, path: 'bin/.wh.su', typeFlag: 48, size: 0, fileMode: 420 },
          { ...told, path: '', typeFlag: 0, size: 0, fileMode: 0 },
        ],
      },
    ],
    image: {
      sizeBytes: 4,
      inefficientBytes: 3,
      efficiencyScore: 1 / 4,
      fileReference: [{ count: 2, sizeBytes: 3, file: '/bin/su' }],
    },
  });
});
