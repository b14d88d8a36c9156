import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from './analyze-image.ts';

test('each hidden byte is laid to who brought it and who undid it', async () => {
  const image = await layeredImage([
    { members: { base: 50, 'cache/': '', 'cache/a': 300, 'cache/b': 200 } },
    { members: { own: 40, same: 30, other: 20, 'src/': '', 'src/x': 5 } },
    {
      members: { 'cache/.wh.a': 0, '.wh.cache': 0, own: { sizeBytes: 40, mode: 0o755 }, same: 30 },
    },
    { members: { other: 21, 'src/': '', 'src/.wh..wh..opq': 0, base: { type: 'directory' } } },
  ]);
  const { waste } = await analyzeImage(image);
  assert.deepEqual(
    waste.map((one) => ({ ...one, examples: one.examples.map(({ path }) => path).join(' ') })),
    [
      [0, 2, 'removed', 2, 500, '/cache/a /cache/b'],
      [0, 3, 'rewritten', 1, 50, '/base'],
      [1, 2, 'reowned', 1, 40, '/own'],
      [1, 2, 'repeated', 1, 30, '/same'],
      [1, 3, 'rewritten', 1, 20, '/other'],
      [1, 3, 'removed', 1, 5, '/src/x'],
    ].map(([broughtBy, undoneBy, kind, files, sizeBytes, examples]) => ({
      broughtBy,
      undoneBy,
      kind,
      files,
      sizeBytes,
      examples,
    })),
  );
});

test('of many files the largest are named', async () => {
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`d/f${i}`, i + 1]));
  const image = await layeredImage([{ members: files }, { members: { '.wh.d': 0 } }]);
  const [waste] = (await analyzeImage(image)).waste;
  assert.equal(waste!.files, 30);
  assert.deepEqual(
    waste!.examples.map(({ path }) => path),
    ['/d/f29', '/d/f28', '/d/f27', '/d/f26', '/d/f25'],
  );
});

const link = (linkTarget: string) => ({ type: 'hardlink' as const, linkTarget });

test('bytes with several names are wasted when the last name is gone', async () => {
  const image = await layeredImage([
    {
      members: {
        a: 100,
        b: link('a'),
        c: link('./b'),
        other: 7,
        away: link('../../x'),
        lost: link('none'),
      },
    },
    { members: { '.wh.a': 0 } },
    { members: { '.wh.other': 0, '.wh.away': 0, '.wh.lost': 0 } },
    { members: { '.wh.b': 0, c: 'new' } },
  ]);
  const { waste } = await analyzeImage(image);
  assert.deepEqual(
    waste.map(({ undoneBy, kind, files, sizeBytes }) => [undoneBy, kind, files, sizeBytes]),
    [
      [3, 'rewritten', 1, 100],
      [2, 'removed', 1, 7],
    ],
  );
});

test('links that lead in circles', async () => {
  const image = await layeredImage([
    { members: { a: link('b'), b: link('a') } },
    { members: { '.wh.a': 0, '.wh.b': 0 } },
  ]);
  assert.deepEqual((await analyzeImage(image)).waste, []);
});
