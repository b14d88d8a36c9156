import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayerEntry } from '../ports.ts';
import { lineUsage } from './line-usage.ts';

async function* entriesOf(entries: Record<string, number | string>): AsyncIterable<LayerEntry> {
  for (const [path, what] of Object.entries(entries)) {
    if (typeof what === 'number') yield { path, kind: 'file', sizeBytes: what };
    else yield { path, kind: what as LayerEntry['kind'], sizeBytes: 0 };
  }
}

async function usage(...layers: Record<string, number | string>[]) {
  const lines = await lineUsage(
    layers.map((entries, index) => ({
      step: index + 2,
      line: index + 10,
      text: `RUN ${index}`,
      entries: entriesOf(entries),
    })),
  );
  return lines.map(({ addedBytes, lostBytes, lostTo }) => [
    addedBytes,
    lostBytes,
    lostTo.map(({ line, bytes }) => `${bytes} to line ${line}`),
  ]);
}

test('bytes added, and those a later line overwrote or deleted', async () => {
  assert.deepEqual(
    await usage(
      { cache: 'directory', 'cache/a': 100, 'cache/sub': 'directory', 'cache/sub/b': 50, keep: 7 },
      { keep: 9, 'cache/a': 'whiteout' },
      { cache: 'whiteout', 'cache-2': 1 },
    ),
    [
      [157, 157, ['107 to line 11', '50 to line 12']],
      [9, 0, []],
      [1, 0, []],
    ],
  );
});

test('an opaque directory hides what is below it; a file in place of a directory, too', async () => {
  assert.deepEqual(
    await usage({ 'd/x': 1, 'd/y/z': 2, 'e/f': 4, dd: 8 }, { d: 'opaque', 'd/new': 5, e: 'other' }),
    [
      [15, 7, ['7 to line 11']],
      [5, 0, []],
    ],
  );
});

test('a directory that is only touched hides nothing; files of the base count for nobody', async () => {
  assert.deepEqual(await usage({ 'd/x': 1 }, { d: 'directory', 'base/file': 'whiteout' }), [
    [1, 0, []],
    [0, 0, []],
  ]);
});
