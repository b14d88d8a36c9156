import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CachePruneOptions } from '../builder.ts';
import { createBuildKit } from '../testing/build-kit.ts';
import { type CacheEntry, prunePlan } from './prune-plan.ts';

function entry(id: string, more: Partial<CacheEntry> = {}): CacheEntry {
  return {
    id,
    parents: [],
    type: 'regular',
    description: `RUN ${id}`,
    inUse: false,
    shared: false,
    sizeBytes: 10,
    createdAtMs: 0,
    lastUsedAtMs: 0,
    uses: 0,
    ...more,
  };
}

test('what is pruned, and in which order', () => {
  const entries = [
    entry('base', { createdAtMs: 1, lastUsedAtMs: 50 }),
    entry('child', { createdAtMs: 2, lastUsedAtMs: 50 }),
    entry('old', { createdAtMs: 0, lastUsedAtMs: 5 }),
    entry('used', { inUse: true }),
    entry('image', { shared: true, lastUsedAtMs: 1, top: { layer: '1', isOfImage: true } }),
    entry('mount', { type: 'exec.cachemount', lastUsedAtMs: 60, description: 'pip' }),
  ];
  const cases: [what: string, options: Partial<CachePruneOptions>, ids: string[]][] = [
    ['oldest first, children before parents', {}, ['old', 'child', 'base', 'mount']],
    ['with all, what images share too', { all: true }, ['image', 'old', 'child', 'base', 'mount']],
    ['down to a size', { keepBytes: 30 }, ['old', 'child']],
    ['nothing when it fits', { keepBytes: 50 }, []],
    ['not used for long', { unusedForMs: 90 }, ['old']],
    ['by id', { ids: ['ol'] }, ['old']],
    ['by type', { type: 'exec.cachemount' }, ['mount']],
    ['by description', { description: 'pip' }, ['mount']],
    ['shared ones', { shared: true }, ['image']],
    ['in use: never', { inUse: true }, []],
  ];
  for (const [what, options, ids] of cases) {
    const plan = prunePlan(entries, { all: false, ...options }, 100);
    assert.deepEqual(
      plan.map(({ id }) => id),
      ids,
      what,
    );
  }
});

test('a layer that several records lead to counts once, and goes with the last of them', async () => {
  const top = { layer: '1', isOfImage: false };
  const entries = [
    entry('first', { top, shared: true, lastUsedAtMs: 1 }),
    entry('other', { lastUsedAtMs: 2 }),
    entry('second', { top, lastUsedAtMs: 3 }),
    entry('newest', { lastUsedAtMs: 4 }),
  ];
  const plan = (keepBytes: number) =>
    prunePlan(entries, { all: false, keepBytes }, 100).map(({ id }) => id);
  assert.deepEqual(plan(30), []);
  assert.deepEqual(plan(20), ['first', 'other']);
  assert.deepEqual(plan(10), ['first', 'other', 'second']);

  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  await kit.build('FROM base\nCOPY --link a /a\n', { files: { a: '12345' } });
  const sizes = (await kit.builder.cache.usage()).map(({ shared, sizeBytes }) => [
    sizeBytes,
    shared,
  ]);
  assert.deepEqual(sizes.sort(), [
    [5, false],
    [5, true],
  ]);
  assert.equal((await kit.builder.cache.prune({ all: false })).deleted.length, 2);
});

test('pruning frees layers and cache mounts; what is gone is built again', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const dockerfile =
    'FROM base\nRUN write /a 12345\nRUN --mount=type=cache,target=/c write /b 1234567\n';
  await kit.build(dockerfile);
  const usage = await kit.builder.cache.usage();
  assert.deepEqual(
    usage.map(({ type, description, sizeBytes }) => [type, description, sizeBytes]),
    [
      ['regular', 'RUN write /a 12345', 5],
      ['regular', 'RUN --mount=type=cache,target=/c write /b 1234567', 7],
      ['exec.cachemount', 'cache mount /c with id "/c"', 0],
    ],
  );
  assert.deepEqual(usage[1]?.parents, [usage[0]?.id]);
  const pruned = await kit.builder.cache.prune({ all: true });
  assert.equal(pruned.deleted.length, 3);
  assert.equal(pruned.reclaimedBytes, 12);
  assert.deepEqual(await kit.builder.cache.usage(), []);
  await kit.build(dockerfile);
  assert.equal(kit.runner.requests.length, 4);
});

test('the cache is brought under its bound after a build', async () => {
  await using kit = await createBuildKit({ options: { cacheLimitBytes: 10, trimPauseMs: 0 } });
  await kit.addImage('base:latest', {});
  await kit.build('FROM base\nRUN write /a 1234567\n');
  await kit.build('FROM base\nRUN write /b 1234567\n');
  await kit.builder[Symbol.asyncDispose]();
  const left = kit.ports.records.list().map(({ description }) => description);
  assert.deepEqual(left, ['RUN write /b 1234567']);
});

test('a layer a running build stands on is not pruned', async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    commands: {
      async hold() {
        started.resolve();
        await gate.promise;
        return 0;
      },
    },
  });
  await kit.addImage('base:latest', {});
  const build = kit.build('FROM base\nRUN write /a 1\nRUN hold\n');
  await started.promise;
  assert.deepEqual((await kit.builder.cache.prune({ all: true })).deleted, []);
  assert.equal(kit.builder.heldChains().size, 2, 'the base and the first step');
  gate.resolve();
  assert.equal((await build).file('/a'), '1');
});

test('a layer that is about to be used again on another stack is not pruned meanwhile', async () => {
  for (const flag of ['', '--link ']) {
    await using kit = await createBuildKit();
    await kit.addImage('base:latest', {});
    const build = (more: string) =>
      kit.build(`FROM base\nRUN write /x ${more}\nCOPY ${flag}a /a\n`, { files: { a: 'content' } });
    await build('1');
    const { filesystems } = kit.ports;
    const { mayRestack, restack } = filesystems;
    const prune = () => kit.builder.cache.prune({ all: true });
    filesystems.mayRestack = async (...given) => {
      await prune();
      return mayRestack(...given);
    };
    filesystems.restack = async (...given) => {
      await prune();
      return restack(...given);
    };
    assert.equal((await build('2')).file('/a'), 'content', flag);
  }
});

test('without the cache, a copy that is linked is made again as well', async () => {
  await using kit = await createBuildKit();
  let copies = 0;
  const { copy } = kit.ports.trees;
  kit.ports.trees.copy = (request) => {
    copies++;
    return copy(request);
  };
  for (const noCache of [false, false, true]) {
    await kit.build('FROM scratch\nCOPY --link a /a\n', { files: { a: '1' }, noCache });
  }
  assert.equal(copies, 2);
});
