import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage, type SampleMember } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from './analyze-image.ts';

type Layers = Record<string, SampleMember>[];

const cases: {
  name: string;
  layers: Layers;
  score: number;
  wasted: number;
  share: number;
  repeated: [string, number, number][];
}[] = [
  {
    name: 'nothing comes twice',
    layers: [{ 'etc/': '', 'etc/a': 10 }, { b: 20 }],
    score: 1,
    wasted: 0,
    share: 0,
    repeated: [],
  },
  {
    name: 'an image of empty files is perfect',
    layers: [{ a: 0 }, { a: 0 }],
    score: 1,
    wasted: 0,
    share: Number.NaN,
    repeated: [['/a', 2, 0]],
  },
  {
    name: 'a single layer has no user share',
    layers: [{ a: 10 }],
    score: 1,
    wasted: 0,
    share: Number.NaN,
    repeated: [],
  },
  {
    name: 'a file written again: the smaller size is needed, both are wasted',
    layers: [{ a: 100, b: 50 }, { a: 60 }],
    score: 110 / 210,
    wasted: 160,
    share: 160 / 60,
    repeated: [['/a', 2, 160]],
  },
  {
    name: 'a removed file counts with 0 where it is removed',
    layers: [{ a: 100, b: 50 }, { '.wh.a': 0 }, { c: 50 }],
    score: 100 / 200,
    wasted: 100,
    share: 100 / 50,
    repeated: [['/a', 2, 100]],
  },
  {
    name: 'a removed directory counts with all that it held',
    layers: [{ 'd/': '', 'd/a': 100, 'd/e/': '', 'd/e/b': 50 }, { 'd/c': 7 }, { '.wh.d': 0 }],
    // d itself was no leaf below, so that it is seen but once.
    score: 1,
    wasted: 0,
    share: 0,
    repeated: [],
  },
  {
    name: 'a directory that comes twice as a leaf',
    // d counts twice: 0 as an empty directory, 100 where it is removed with what it holds.
    layers: [{ 'd/': '' }, { 'd/': '', 'd/a': 100 }, { '.wh.d': 0 }, { x: 10 }],
    // Smallest sizes: d 0, d/a 100, x 10; all sizes: d 0 + 100, d/a 100, x 10.
    score: 110 / 210,
    wasted: 100,
    share: 100 / 110,
    repeated: [['/d', 2, 100]],
  },
  {
    name: 'only leaves count: a directory with children in that layer does not',
    layers: [
      { 'd/': '', 'd/a': 1 },
      { 'd/': '', 'd/b': 1 },
    ],
    score: 1,
    wasted: 0,
    share: 0,
    repeated: [],
  },
  {
    name: 'an opaque directory hides nothing, as dive reckons',
    layers: [{ 'd/': '', 'd/a': 100 }, { 'd/': '', 'd/.wh..wh..opq': 0 }, { 'd/a': 100 }],
    score: 100 / 200,
    wasted: 200,
    share: 200 / 100,
    repeated: [['/d/a', 2, 200]],
  },
  {
    name: 'a path that comes twice in one layer counts twice in its size only',
    layers: [{ a: 10 }, { b: 5, './b': 7 }],
    score: 1,
    wasted: 0,
    share: 0,
    repeated: [],
  },
  {
    name: 'the whiteout of what is not there',
    layers: [{ a: 10 }, { '.wh.b': 0 }, { b: 5 }],
    score: 10 / 15,
    wasted: 5,
    share: 1,
    repeated: [['/b', 2, 5]],
  },
  {
    name: 'a directory that a layer only implies is none to dive, and hides nothing',
    // As above, but the second layer has no member d/: its whiteout counts 0.
    layers: [{ 'd/': '' }, { 'd/a': 100 }, { '.wh.d': 0 }, { x: 10 }],
    score: 1,
    wasted: 0,
    share: 0,
    repeated: [['/d', 2, 0]],
  },
  {
    name: 'hard links count with no bytes',
    layers: [
      { a: 100, b: { type: 'hardlink', linkTarget: 'a' } },
      { a: 100, b: { type: 'hardlink', linkTarget: 'a' }, c: 60 },
    ],
    // Smallest: a 100, b 0, c 60; all: a 200, b 0, c 60.
    score: 160 / 260,
    wasted: 200,
    share: 200 / 160,
    repeated: [
      ['/a', 2, 200],
      ['/b', 2, 0],
    ],
  },
  {
    name: 'symbolic links, devices and fifos count with no bytes',
    layers: [
      { l: { type: 'symlink', linkTarget: 'x' }, f: { type: 'fifo' } },
      { l: 10, f: { type: 'fifo' } },
    ],
    // Smallest: l 0, f 0; all: l 10.
    score: 0,
    wasted: 10,
    share: 1,
    repeated: [
      ['/l', 2, 10],
      ['/f', 2, 0],
    ],
  },
  {
    name: 'a file that takes the place of a directory counts beside what the directory held',
    layers: [{ 'd/': '', 'd/a': 100 }, { d: 30 }, { x: 10 }],
    // d was no leaf below: every path comes once.
    score: 1,
    wasted: 0,
    share: 0,
    repeated: [],
  },
  {
    name: 'a directory that takes the place of a file',
    layers: [{ d: 30 }, { 'd/': '', 'd/a': 100 }, { 'd/': '' }],
    // d comes as a leaf of 30, and in the third layer of 0; smallest: d 0, d/a 100; all: 130.
    score: 100 / 130,
    wasted: 30,
    share: 30 / 100,
    repeated: [['/d', 2, 30]],
  },
  {
    name: 'a directory that is removed and made again',
    layers: [{ 'd/': '', 'd/a': 100 }, { '.wh.d': 0 }, { 'd/': '', 'd/a': 40 }],
    // Smallest: d/a 40, d 100 (a leaf only as whiteout); all: d/a 140, d 100.
    score: 140 / 240,
    wasted: 140,
    share: 140 / 40,
    repeated: [['/d/a', 2, 140]],
  },
  {
    name: 'layers without members',
    layers: [{}, { a: 10 }, {}, { a: 20 }],
    score: 10 / 30,
    wasted: 30,
    share: 1,
    repeated: [['/a', 2, 30]],
  },
  {
    name: 'a layer that comes twice',
    layers: [{ base: 5 }, { a: 10, 'd/': '', 'd/b': 7 }, { a: 10, 'd/': '', 'd/b': 7 }],
    // Smallest: 5 + 10 + 7; all: 5 + 20 + 14.
    score: 22 / 39,
    wasted: 34,
    share: 34 / 34,
    repeated: [
      ['/a', 2, 20],
      ['/d/b', 2, 14],
    ],
  },
  {
    name: 'waste in an image that has nothing but its first layer',
    layers: [{ a: 10 }, { '.wh.a': 0 }],
    score: 0,
    wasted: 10,
    share: Number.POSITIVE_INFINITY,
    repeated: [['/a', 2, 10]],
  },
  {
    name: 'three times, the most wasteful first',
    layers: [
      { a: 1, b: 10 },
      { a: 2, b: 20 },
      { a: 3, b: 30 },
    ],
    score: 11 / 66,
    wasted: 66,
    share: 66 / 55,
    repeated: [
      ['/b', 3, 60],
      ['/a', 3, 6],
    ],
  },
];

for (const { name, layers, score, wasted, share, repeated } of cases) {
  test(`efficiency: ${name}`, async () => {
    const image = await layeredImage(layers.map((members) => ({ members })));
    const { efficiency } = await analyzeImage(image);
    assert.equal(efficiency.score, score);
    assert.equal(efficiency.wastedBytes, wasted);
    assert.equal(efficiency.userWastedShare, share);
    const found = efficiency.repeated.map((path) => [path.path, path.count, path.sizeBytes]);
    assert.deepEqual(found, repeated);
  });
}

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`layers compressed with ${compression} give the same numbers`, async () => {
    const first: Record<string, SampleMember> = { a: 300_000, b: 1 };
    const layers = [{ members: first }, { members: { a: 200_000 } }];
    const { efficiency, layers: found } = await analyzeImage(
      await layeredImage(layers, compression),
    );
    assert.equal(efficiency.score, 200_001 / 500_001);
    assert.deepEqual(
      found.map((layer) => [layer.sizeBytes, layer.history?.created_by]),
      [
        [300_001, 'layer 0'],
        [200_000, 'layer 1'],
      ],
    );
  });
}
