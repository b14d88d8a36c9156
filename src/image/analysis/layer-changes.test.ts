import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layeredImage } from '../../../test/contract/sample-layers.ts';
import { analyzeImage } from './analyze-image.ts';

test('what each layer adds, changes, repeats and removes', async () => {
  const image = await layeredImage([
    { members: { 'd/': '', 'd/a': 'one', 'd/b': 'two', keep: 'same', old: 10 } },
    { members: { 'd/a': 'ONE', keep: 'same', new: 5, '.wh.old': 0 } },
    { members: { keep: { text: 'same', mode: 0o600 }, 'd/': '', 'd/.wh..wh..opq': 0, 'd/c': 1 } },
    { members: { d: 'a file now' } },
  ]);
  const { layers } = await analyzeImage(image);
  const brief = layers.map(({ changes }) => [
    `+${changes.added}/${changes.addedBytes}`,
    `~${changes.changed}/${changes.changedBytes}`,
    `=${changes.unchanged}/${changes.unchangedBytes}`,
    `-${changes.removed}/${changes.removedBytes}`,
  ]);
  assert.deepEqual(brief, [
    ['+4/20', '~0/0', '=0/0', '-0/0'],
    ['+1/5', '~1/3', '=1/4', '-1/10'],
    ['+1/1', '~1/4', '=0/0', '-2/6'],
    ['+0/0', '~1/10', '=0/0', '-1/1'],
  ]);
});
