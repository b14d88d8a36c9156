import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce, inTurns, type Pieces } from './pieces.ts';

function* work(): Pieces<number> {
  let sum = 0;
  // Long enough to be interrupted on any machine.
  for (const end = performance.now() + 60; performance.now() < end; sum++) yield;
  return sum;
}

test('the event loop has its turn while work goes on', async () => {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  assert.ok((await inTurns(work())) > 0);
  isDone = true;
  assert.ok(turns >= 2);
  assert.ok(atOnce(work()) > 0);
});

test('it ends when it is called off', async () => {
  const controller = new AbortController();
  setImmediate(() => controller.abort(new Error('called off')));
  await assert.rejects(inTurns(work(), controller.signal), /called off/);
});
