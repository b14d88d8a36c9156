import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limit } from './limit.ts';

test('at most so many at once, in the order they came, also after a failure', async () => {
  const inTurn = limit(2);
  const begun: number[] = [];
  const gates: (() => void)[] = [];
  const works = [0, 1, 2, 3].map((number) =>
    inTurn(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => gates.push(resolve));
      if (number === 0) throw new Error('no');
      return number;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  const failed = assert.rejects(works[0]!, /no/);
  gates.shift()!();
  await failed;
  await new Promise(setImmediate);
  assert.deepEqual(begun, [0, 1, 2]);
  gates.shift()!();
  assert.equal(await works[1], 1);
  await new Promise(setImmediate);
  for (const open of gates) open();
  gates.shift();
  await new Promise(setImmediate);
  for (const open of gates) open();
  assert.deepEqual(await Promise.all([works[2], works[3]]), [2, 3]);
});

test('who gives up waiting takes no place', async () => {
  const inTurn = limit(1);
  const gate = Promise.withResolvers<void>();
  const never = new AbortController();
  const giveUp = new AbortController();
  const order: string[] = [];
  const a = inTurn(async () => {
    await gate.promise;
    order.push('a');
  }, never.signal);
  const b = inTurn(async () => void order.push('b'), giveUp.signal);
  const c = inTurn(async () => void order.push('c'), never.signal);
  giveUp.abort(new Error('gave up'));
  await assert.rejects(b, /gave up/);
  gate.resolve();
  await Promise.all([a, c]);
  assert.deepEqual(order, ['a', 'c']);
  await inTurn(async () => void order.push('d'), never.signal);
  assert.equal(order.at(-1), 'd');
});
