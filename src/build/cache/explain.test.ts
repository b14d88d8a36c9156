import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildEvent } from '../builder.ts';
import { type BuildKit, type BuildMore, createBuildKit } from '../testing/build-kit.ts';

/** Reasons by the step's text. */
async function reasonsOf(
  kit: BuildKit,
  dockerfile: string,
  more: BuildMore = {},
): Promise<Record<string, readonly string[]>> {
  const { events } = await kit.build(dockerfile, { ...more, explain: true });
  const plan = events.find((event) => event.kind === 'plan')!;
  return Object.fromEntries(
    events
      .filter((event) => event.kind === 'step-missed')
      .map(({ step, reasons }) => [plan.steps[step - 1]!.text, reasons]),
  );
}

test('the file that changed is named', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const dockerfile = 'FROM base\nCOPY . /src\nRUN true\n';
  const files = { a: '1', b: '1', gone: '1', '.dockerignore': 'Dockerfile' };
  assert.deepEqual(await reasonsOf(kit, dockerfile, { files }), {
    'COPY . /src': ['no earlier build of this step is known'],
    'RUN true': ['no earlier build of this step is known'],
  });
  const changed = { a: '2', b: '1', fresh: '1', '.dockerignore': 'Dockerfile' };
  assert.deepEqual(await reasonsOf(kit, dockerfile, { files: changed }), {
    'COPY . /src': ['"a" changed: content', '"fresh" was added', '"gone" was removed'],
    'RUN true': ['what it stands on changed: a step before it gave another result'],
  });
  assert.deepEqual(await reasonsOf(kit, dockerfile, { files: changed }), {});
});

test('the argument, the base, the flag, the instruction', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', { v: '1' });
  const dockerfile = 'FROM base\nARG A=1\nENV E=x\nRUN work\n'.replace('work', 'true');
  await kit.build(dockerfile);
  assert.deepEqual(await reasonsOf(kit, dockerfile, { buildArgs: { A: '2' } }), {
    'RUN true': ['variable A changed from "1" to "2"'],
  });
  assert.deepEqual(await reasonsOf(kit, dockerfile.replace('ENV E=x', 'ENV F=x')), {
    'RUN true': ['variable F is new: "x"', 'variable E is gone: it was "x"'],
  });
  assert.deepEqual(await reasonsOf(kit, dockerfile.replace('RUN true', 'RUN echo')), {
    'RUN echo': ['the instruction is new here: before, this was "RUN true"'],
  });
  assert.deepEqual(await reasonsOf(kit, dockerfile, { extraHosts: ['a:1.2.3.4'] }), {
    'RUN true': ['hosts changed from "[]" to "[\\"a\\"]"'],
  });
  await kit.addImage('base:latest', { v: '2' });
  assert.deepEqual(await reasonsOf(kit, dockerfile), { 'RUN true': ['the base image changed'] });
  assert.deepEqual(await reasonsOf(kit, dockerfile, { noCache: true }), {
    'RUN true': ['the build may not use the cache for it'],
  });
});

test('a hit says since when nothing changed; a lost layer is said', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const dockerfile = 'FROM base\nRUN write /a 1\n';
  const { chain } = await kit.build(dockerfile);
  const { events } = await kit.build(dockerfile, { explain: true });
  const hit = events.find((event) => event.kind === 'step-cached') as Extract<
    BuildEvent,
    { kind: 'step-cached' }
  >;
  assert.match(hit.reason!, /^nothing it depends on has changed since \d{4}-/);
  await kit.ports.filesystems.release(chain!);
  assert.deepEqual(await reasonsOf(kit, dockerfile), {
    'RUN write /a 1': ['its result is known, but is no longer stored'],
  });
});

test('many differences are counted, not listed', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const files = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, 'x']));
  await kit.build('FROM base\nCOPY f* /\n', { files: { f0: 'x' } });
  const reasons = await reasonsOf(kit, 'FROM base\nCOPY f* /\n', { files });
  assert.equal(reasons['COPY f* /']?.length, 11);
  assert.equal(reasons['COPY f* /']?.at(-1), 'and 19 more differences');
});

test('the bytes of each line are told when asked for', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', { base: 'xx' });
  const { events } = await kit.build(
    'FROM base AS first\nRUN write /big 1234567890\nFROM first\nRUN rm /big && write /small 1\n',
    { lineUsage: true },
  );
  const usage = events.find((event) => event.kind === 'line-usage');
  assert.deepEqual(usage?.lines, [
    {
      step: 2,
      line: 2,
      text: 'RUN write /big 1234567890',
      addedBytes: 10,
      lostBytes: 10,
      lostTo: [{ line: 4, bytes: 10 }],
    },
    {
      step: 4,
      line: 4,
      text: 'RUN rm /big && write /small 1',
      addedBytes: 1,
      lostBytes: 0,
      lostTo: [],
    },
  ]);
});
