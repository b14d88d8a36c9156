import assert from 'node:assert/strict';
import { test } from 'node:test';
import { streamOf } from './bytes.ts';
import { decodeFrames, encodeFrame, type Frame } from './frames.ts';

async function decode(...chunks: Uint8Array[]): Promise<[string, string][]> {
  const frames: Frame[] = await Array.fromAsync(decodeFrames(streamOf(...chunks)));
  return frames.map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()]);
}

const whole = Buffer.concat([
  encodeFrame({ stream: 'stdout', bytes: Buffer.from('out') }),
  encodeFrame({ stream: 'stderr', bytes: Buffer.from('err') }),
]);

test('frames survive any cut', async () => {
  for (let cut = 0; cut <= whole.length; cut++) {
    assert.deepEqual(await decode(whole.subarray(0, cut), whole.subarray(cut)), [
      ['stdout', 'out'],
      ['stderr', 'err'],
    ]);
  }
});

test('a cut frame, an unknown stream and an absurd length are refused', async () => {
  await assert.rejects(decode(whole.subarray(0, 9)), /ended within a frame/);
  await assert.rejects(decode(Buffer.from([9, 0, 0, 0, 0, 0, 0, 0])), /stream 9/);
  await assert.rejects(decode(Buffer.from([1, 0, 0, 0, 255, 0, 0, 0])), /4278190080 bytes/);
});
