import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyedLock } from './keyed-lock.ts';

test('works of one key wait for each other, those of others do not', async () => {
  const exclusively = keyedLock();
  const log: string[] = [];
  const gates = new Map<string, () => void>();
  const work = (key: string, name: string) =>
    exclusively(key, async () => {
      log.push(`${name} begins`);
      await new Promise<void>((resolve) => gates.set(name, resolve));
      log.push(`${name} ends`);
      return name;
    });
  const [one, two, other] = [work('a', 'one'), work('a', 'two'), work('b', 'other')];
  gates.get('other')!();
  assert.equal(await other, 'other');
  gates.get('one')!();
  assert.equal(await one, 'one');
  await new Promise(setImmediate);
  gates.get('two')!();
  assert.equal(await two, 'two');
  assert.deepEqual(log, [
    'one begins',
    'other begins',
    'other ends',
    'one ends',
    'two begins',
    'two ends',
  ]);
});

test('a work that fails does not stop the next', async () => {
  const exclusively = keyedLock();
  const failing = exclusively('a', async () => {
    throw new Error('no');
  });
  const next = exclusively('a', async () => 'yes');
  await assert.rejects(failing, /no/);
  assert.equal(await next, 'yes');
});
