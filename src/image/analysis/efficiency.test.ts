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
    layers: [{ 'd/': '' }, { 'd/a': 100 }, { '.wh.d': 0 }, { x: 10 }],
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
