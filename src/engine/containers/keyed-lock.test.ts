import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createKeyedLock } from './keyed-lock.ts';
import { createWaiters } from './waiters.ts';

it('runs one after the other for a key, and side by side for several', async () => {
  const inTurn = createKeyedLock();
  const said: string[] = [];
  const work = (key: string, name: string, fails = false) =>
    inTurn(key, async () => {
      said.push(`${name} begins`);
      await nextTurn();
      said.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([
    work('a', 'a1', true),
    work('a', 'a2'),
    work('b', 'b1'),
    work('a', 'a3'),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
  const ofA = said.filter((text) => text.startsWith('a'));
  assert.deepEqual(
    ofA,
    ['a1', 'a2', 'a3'].flatMap((name) => [`${name} begins`, `${name} ends`]),
  );
  assert.ok(said.indexOf('b1 begins') < said.indexOf('a1 ends'));
});

it('tells each who waits what it waits for', async () => {
  const waiters = createWaiters();
  const aborter = new AbortController();
  const given = waiters.wait('c', 'next-exit', aborter.signal);
  const stopped = waiters.wait('c', 'not-running');
  const removed = waiters.wait('c', 'removed');
  const other = waiters.wait('d', 'not-running');
  aborter.abort();
  await assert.rejects(given, { kind: 'canceled' });
  waiters.exited('c', { code: 3 });
  assert.deepEqual(await stopped, { code: 3 });
  waiters.removed('c', { code: 4 });
  assert.deepEqual(await removed, { code: 4 });
  waiters.removed('d', { code: 5 });
  assert.deepEqual(await other, { code: 5 });
});
