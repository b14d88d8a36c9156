import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Digest, digestOf } from '../../core/index.ts';
import type { ImageWriter } from '../ports.ts';
import { createStoredImages } from './stored-images.ts';

const rawConfig = Buffer.from('{}');
const image = { imageId: digestOf(rawConfig), rawConfig };

/** Images in memory; what takes no time there takes a turn here. */
function slowImages(...there: Digest[]) {
  const stored = new Set(there);
  const writer: ImageWriter = {
    async write(config) {
      await nextTurn();
      stored.add(digestOf(config));
      return digestOf(config);
    },
    async has(id) {
      const isThere = stored.has(id);
      await nextTurn();
      return isThere;
    },
    async forget(id) {
      await nextTurn();
      stored.delete(id);
    },
  };
  return { stored, images: createStoredImages(writer) };
}

test('what is lent goes with the last who reads it, unless it was there before', async () => {
  for (const there of [[], [image.imageId]]) {
    const { stored, images } = slowImages(...there);
    const loans = await Promise.all([images.lend(image), images.lend(image)]);
    await loans[0]![Symbol.asyncDispose]();
    assert.equal(stored.has(image.imageId), true);
    await loans[1]![Symbol.asyncDispose]();
    assert.equal(stored.has(image.imageId), there.length > 0);
  }
});

test('what one build keeps stays, whenever another one gives it back', async () => {
  for (let turns = 0; turns < 8; turns++) {
    const { stored, images } = slowImages();
    const lent = images.lend(image);
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    const kept = images.keep(image, []);
    await (await lent)[Symbol.asyncDispose]();
    await kept;
    assert.equal(stored.has(image.imageId), true, `after ${turns} turns`);
  }
});
