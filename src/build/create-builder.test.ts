import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseReference } from '../core/index.ts';
import { createBuilder } from './create-builder.ts';
import type { Trees } from './ports.ts';
import { createBuildKit } from './testing/build-kit.ts';

test('a build runs its steps on the base and keeps the image under its tags', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('debian:latest', { 'bin/sh': 'sh' }, { config: { Env: ['LANG=C'] } });
  const built = await kit.build(
    'FROM debian\nWORKDIR /app\nCOPY . .\nRUN write /app/made text\nENV X=1\nCMD ["/app/run"]\n',
    {
      files: { run: 'program', 'sub/file': 'deep' },
      tags: [parseReference('me/app'), parseReference('me/app:2')],
      labels: { by: 'test' },
    },
  );
  assert.equal(built.file('/bin/sh'), 'sh');
  assert.equal(built.file('/app/run'), 'program');
  assert.equal(built.file('/app/sub/file'), 'deep');
  assert.equal(built.file('/app/made'), 'text');
  assert.deepEqual(kit.written[0]?.tags, ['docker.io/me/app:latest', 'docker.io/me/app:2']);
  const { config } = built;
  assert.equal(config.rootfs.diff_ids.length, 4);
  assert.deepEqual(config.config?.Cmd, ['/app/run']);
  assert.deepEqual(config.config?.Labels, { by: 'test' });
  assert.equal(config.config?.WorkingDir, '/app');
  assert.deepEqual(
    config.history?.map(({ created_by, empty_layer }) => [created_by, empty_layer ?? false]),
    [
      ['base debian:latest', false],
      ['WORKDIR /app', false],
      ['COPY . . # buildkit', false],
      ['RUN /bin/sh -c write /app/made text # buildkit', false],
      ['ENV X=1', true],
      ['CMD ["/app/run"]', true],
    ],
  );
  assert.equal(config.created, config.history?.at(-1)?.created);
  assert.equal(kit.ports.filesystems.open(), 0, 'all filesystems were given back');
  await kit.builder.settled();
  assert.deepEqual(readdirSync(join(kit.root, 'builder/work')), []);
});

test('the events tell Step n/m, progress of the steps, and the image', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('debian:latest', {});
  const { events, imageId } = await kit.build('FROM debian\nENV A=b\nRUN echo hello\n');
  const kinds = events.map((event) =>
    'step' in event ? `${event.step} ${event.kind}` : event.kind,
  );
  assert.deepEqual(
    kinds.filter((kind) => !kind.startsWith('task')),
    [
      'plan',
      '1 step-started',
      '1 step-done',
      '2 step-started',
      '2 step-done',
      '3 step-started',
      '3 step-running',
      '3 step-output',
      '3 step-done',
    ],
  );
  const plan = events.find((event) => event.kind === 'plan');
  assert.deepEqual(
    plan?.steps.map(({ text }) => text),
    ['FROM debian', 'ENV A=b', 'RUN echo hello'],
  );
  const last = events.findLast((event) => event.kind === 'step-done');
  assert.equal(last?.imageId, imageId);
});

test('built again, all comes from the cache and the image is the same', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('debian:latest', {});
  const dockerfile = 'FROM debian\nCOPY a /a\nRUN write /b x\nENV C=1\n';
  const first = await kit.build(dockerfile, { files: { a: '1', unused: '1' } });
  const again = await kit.build(dockerfile, { files: { a: '1', unused: '2' } });
  assert.equal(again.imageId, first.imageId);
  assert.equal(kit.runner.requests.length, 1);
  const outcomes = Object.values(again.outcomes);
  assert.deepEqual(outcomes, ['done', 'cached', 'cached']);
  const changed = await kit.build(dockerfile, { files: { a: '2', unused: '2' } });
  assert.notEqual(changed.imageId, first.imageId);
  assert.equal(kit.runner.requests.length, 2);
  const fresh = await kit.build(dockerfile, { files: { a: '2' }, noCache: true });
  assert.deepEqual(Object.values(fresh.outcomes), ['done', 'done', 'done']);
});

test('a step whose inputs were built again to the same content still hits', async () => {
  let version = 0;
  await using kit = await createBuildKit({
    commands: {
      // The same file each time, with another time.
      compile(request) {
        version++;
        return kit.runner.run({ ...request, argv: ['write /out/program same'] }).then(() => 0);
      },
    },
  });
  await kit.addImage('debian:latest', {});
  const dockerfile = (flag: string) => `
FROM debian AS builder
ENV FLAG=${flag}
RUN compile
RUN write /after x
FROM debian
COPY --from=builder /out /out
RUN write /final x
`;
  await kit.build(dockerfile('1'));
  const runs = kit.runner.requests.length;
  const second = await kit.build(dockerfile('2'));
  assert.equal(version, 2);
  assert.equal(second.outcomes['COPY --from=builder /out /out'], 'cached');
  assert.equal(second.outcomes['RUN write /final x'], 'cached');
  // compile (and its inner write) and the RUN whose environment changed.
  assert.equal(kit.runner.requests.length, runs + 3);
});

test('stages nobody needs never run; the others run side by side', async () => {
  let together = 0;
  let most = 0;
  const gate = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    options: { parallelSteps: 3 },
    commands: {
      async meet() {
        most = Math.max(most, ++together);
        if (together === 3) gate.resolve();
        await gate.promise;
        together--;
        return 0;
      },
    },
  });
  await kit.addImage('debian:latest', {});
  const stages = [1, 2, 3].map((n) => `FROM debian AS s${n}\nRUN meet ${n} && write /s${n} ${n}\n`);
  const copies = [1, 2, 3].map((n) => `COPY --from=s${n} /s${n} /s${n}\n`);
  const built = await kit.build(
    `FROM debian AS never\nRUN nothing\n${stages.join('')}FROM debian\n${copies.join('')}`,
  );
  assert.equal(most, 3);
  assert.equal(built.file('/s2'), '2');
});

test('a step begins when the stages are done that it stands on or takes files from', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('debian:latest', {});
  const { events } = await kit.build(
    'FROM debian AS a\nRUN write /a 1\nFROM a AS b\nRUN write /b 2\n' +
      'FROM debian\nCOPY --from=b /b /b\nRUN --mount=type=bind,from=a,target=/x write /c 3\n',
  );
  const kinds = events.map((event) => ('step' in event ? `${event.step} ${event.kind}` : ''));
  const at = (kind: string) => kinds.indexOf(kind);
  assert.ok(at('2 step-done') < at('3 step-started'), 'FROM a');
  assert.ok(at('4 step-done') < at('6 step-started'), 'COPY --from=b');
  assert.ok(at('2 step-done') < at('7 step-started'), 'a mount from a');
});

test('the same step wanted by two builds at once runs once', async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    commands: {
      async slow(request) {
        request.onOutput('stdout', Buffer.from('working\n'));
        started.resolve();
        await gate.promise;
        return 0;
      },
    },
  });
  await kit.addImage('debian:latest', {});
  const dockerfile = 'FROM debian\nRUN slow\n';
  const running = Promise.withResolvers<void>();
  const first = kit.build(dockerfile);
  await started.promise;
  const second = kit.build(dockerfile, {
    onEvent: (event) => event.kind === 'step-output' && running.resolve(),
  });
  await running.promise;
  gate.resolve();
  const [a, b] = await Promise.all([first, second]);
  assert.equal(kit.runner.requests.length, 1);
  assert.equal(a.imageId, b.imageId);
  assert.equal(b.output, 'working\n');
});

test('who leaves a shared step takes nothing from those who still want it', async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    commands: {
      async late(request) {
        request.onOutput('stdout', Buffer.from('working'));
        started.resolve();
        await gate.promise;
        // The context it reads is that of the build that began it.
        const { source } = request.mounts[0]!;
        request.onOutput('stdout', readFileSync(join(source, 'f')));
        return 0;
      },
    },
  });
  await kit.addImage('debian:latest', {});
  const dockerfile = 'FROM debian\nRUN --mount=target=/c late\n';
  const files = { f: 'still there' };
  const controller = new AbortController();
  const first = kit.build(dockerfile, { files, signal: controller.signal });
  await started.promise;
  const joined = Promise.withResolvers<void>();
  const second = kit.build(dockerfile, {
    files,
    onEvent: (event) => event.kind === 'step-output' && joined.resolve(),
  });
  await joined.promise;
  controller.abort();
  await assert.rejects(first, { kind: 'canceled' });
  gate.resolve();
  assert.match((await second).output, /still there/);
  await kit.builder.settled();
  assert.deepEqual(readdirSync(join(kit.root, 'builder/work')), []);
});

test('a failing step ends the build with its code and last lines', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('debian:latest', {});
  const dockerfile = 'FROM debian\nRUN echo one && echo two && \\\n  exit 3\n';
  await assert.rejects(kit.build(dockerfile), {
    kind: 'invalid',
    code: 'STEP_FAILED',
    message:
      'process "/bin/sh -c echo one && echo two &&   exit 3" did not complete successfully: exit code: 3',
    details: {
      step: 2,
      text: 'RUN echo one && echo two &&   exit 3',
      line: 2,
      endLine: 3,
      exitCode: 3,
      oomKilled: false,
      classicMessage:
        "The command '/bin/sh -c echo one && echo two &&   exit 3' returned a non-zero code: 3",
      lastOutput: ['one', 'two'],
      fileName: 'Dockerfile',
      excerpt: {
        firstLine: 1,
        lines: ['FROM debian', 'RUN echo one && echo two && \\', '  exit 3'],
      },
    },
  });
  assert.equal(kit.written.length, 0);
  assert.equal(kit.ports.filesystems.open(), 0);
});

test('a failing stage stops the others, and none goes on', async () => {
  const stopped: string[] = [];
  const waiting = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    options: { parallelSteps: 2 },
    commands: {
      async hang({ signal }) {
        waiting.resolve();
        await new Promise((_, reject) =>
          signal!.addEventListener('abort', () => reject(signal!.reason)),
        ).catch(() => stopped.push('hang'));
        return 1;
      },
      async fail() {
        await waiting.promise;
        return 9;
      },
    },
  });
  await kit.addImage('debian:latest', {});
  const events: string[] = [];
  const dockerfile =
    'FROM debian AS a\nRUN hang\nFROM debian AS b\nRUN fail\nFROM debian\nCOPY --from=a /x /\nCOPY --from=b /x /\n';
  const build = kit.build(dockerfile, {
    onEvent: (event) => /failed|canceled/.test(event.kind) && events.push(event.kind),
  });
  await assert.rejects(build, /exit code: 9/);
  assert.deepEqual(stopped, ['hang']);
  assert.equal(events.filter((kind) => kind === 'step-failed').length, 1);
  assert.equal(kit.ports.filesystems.open(), 0);
});

test('a canceled build stops its step at once and leaves nothing', async () => {
  const started = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    commands: {
      async hang({ signal }) {
        started.resolve();
        await new Promise((resolve) => signal!.addEventListener('abort', resolve));
        return 137;
      },
    },
  });
  await kit.addImage('debian:latest', {});
  const controller = new AbortController();
  const build = kit.build('FROM debian\nRUN hang\n', { signal: controller.signal });
  await started.promise;
  controller.abort();
  await assert.rejects(build, { kind: 'canceled' });
  assert.equal(kit.ports.filesystems.open(), 0);
  await kit.builder.settled();
  assert.deepEqual(readdirSync(join(kit.root, 'builder/work')), []);
  assert.equal(kit.ports.records.list().length, 0);
});

test('a start does not wait for the removal of what a crash left', async () => {
  await using kit = await createBuildKit();
  const root = join(kit.root, 'crashed');
  mkdirSync(join(root, 'work/build/context-0'), { recursive: true });
  const gate = Promise.withResolvers<void>();
  const { remove } = kit.ports.trees;
  const trees: Trees = {
    ...kit.ports.trees,
    async remove(folder) {
      if (folder.startsWith(`${root}/`)) await gate.promise;
      await remove(folder);
    },
  };
  const options = { root, secretRoot: join(kit.root, 'crashed-secrets') };
  const builder = await createBuilder({ ...kit.ports, trees }, options);
  assert.deepEqual(readdirSync(join(root, 'work')), []);
  assert.equal(readdirSync(root).filter((name) => name.startsWith('work.gone-')).length, 1);
  gate.resolve();
  await builder.settled();
  assert.deepEqual(readdirSync(root).sort(), ['cache-mounts', 'contexts', 'work']);
});
