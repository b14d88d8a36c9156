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

test('work that fails for what only its beginner lacks is done by the others themselves', async () => {
  const shared = createSharedWork<string, number>({
    isFinal: (error) => (error as Error).message === 'final',
  });
  for (const [message, runs] of [
    ['no such secret', 2],
    ['final', 1],
  ] as const) {
    const end = Promise.withResolvers<number>();
    let count = 0;
    const fails = () => {
      count++;
      return end.promise;
    };
    const works = async () => ++count;
    const [first, second] = [wanter(), wanter()];
    const a = assert.rejects(shared.run('key', fails, first), { message });
    const b = shared.run('key', works, second);
    const seen = runs === 1 ? assert.rejects(b, { message }) : b;
    end.reject(new Error(message));
    await Promise.all([a, seen]);
    assert.equal(count, runs, message);
  }
});

test('of what was told before somebody came, only the latest is kept', async () => {
  const shared = createSharedWork<string, number>({
    keptBytes: 10,
    sizeOf: (note) => note.length,
  });
  const end = Promise.withResolvers<number>();
  let context!: WorkContext<string>;
  const work = (given: WorkContext<string>) => {
    context = given;
    return end.promise;
  };
  const a = shared.run('key', work, wanter());
  for (let number = 10; number < 21; number++) context.tell(`note ${number}`);
  const late = wanter();
  const b = shared.run('key', work, late);
  end.resolve(1);
  await Promise.all([a, b]);
  assert.deepEqual(late.notes, ['note 18', 'note 19', 'note 20']);
});
