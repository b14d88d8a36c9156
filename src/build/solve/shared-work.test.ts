import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedWork, type WorkContext } from './shared-work.ts';

function wanter() {
  const controller = new AbortController();
  const notes: string[] = [];
  return {
    controller,
    notes,
    signal: controller.signal,
    onNote: (note: string) => notes.push(note),
  };
}

test('the same work wanted twice runs once, and late comers hear all of it', async () => {
  const shared = createSharedWork<string, number>();
  const end = Promise.withResolvers<number>();
  let runs = 0;
  let context!: WorkContext<string>;
  const work = (given: WorkContext<string>) => {
    runs++;
    context = given;
    return end.promise;
  };
  const first = wanter();
  const second = wanter();
  const a = shared.run('key', work, first);
  context.tell('one');
  const b = shared.run('key', work, second);
  context.tell('two');
  end.resolve(7);
  assert.deepEqual([await a, await b, runs], [7, 7, 1]);
  assert.deepEqual(first.notes, ['one', 'two']);
  assert.deepEqual(second.notes, ['one', 'two']);
  await shared.run('key', async () => ++runs, wanter());
  assert.equal(runs, 2, 'what has ended is not shared');
});

test('it is stopped only when the last wanter leaves', async () => {
  const shared = createSharedWork<string, number>();
  const stopped = Promise.withResolvers<number>();
  let signal!: AbortSignal;
  const work = (context: WorkContext<string>) => {
    signal = context.signal;
    signal.addEventListener('abort', () => stopped.reject(signal.reason));
    return stopped.promise;
  };
  const first = wanter();
  const second = wanter();
  const a = shared.run('key', work, first);
  const b = shared.run('key', work, second);
  first.controller.abort(new Error('first left'));
  await assert.rejects(a, /first left/);
  assert.equal(signal.aborted, false);
  second.controller.abort(new Error('second left'));
  await assert.rejects(b, /second left/);
  assert.equal(signal.aborted, true);
});

test('who comes while it is being stopped starts it anew', async () => {
  const shared = createSharedWork<string, number>();
  const slowStop = Promise.withResolvers<number>();
  const first = wanter();
  const a = shared.run('key', () => slowStop.promise, first);
  first.controller.abort(new Error('left'));
  assert.equal(await shared.run('key', async () => 2, wanter()), 2);
  slowStop.reject(new Error('stopped'));
  await assert.rejects(a, /left/);
});
