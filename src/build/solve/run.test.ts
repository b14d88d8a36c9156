import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StepFailure, StepFailureDetails } from '../builder.ts';
import { type BuildMore, createBuildKit } from '../testing/build-kit.ts';

test('RUN gets its environment, directory, user, network, hosts and limits', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {}, { config: { Env: ['PATH=/bin'], User: 'root' } });
  await kit.build(
    'FROM base\nARG A=1\nENV B=2\nWORKDIR /w\nUSER app:staff\nRUN --network=none true\n',
    {
      buildArgs: { http_proxy: 'http://proxy', A: 'given' },
      extraHosts: ['db:10.0.0.1'],
      hostname: 'box',
      shmSizeBytes: 1024,
      limits: { memoryBytes: 5 },
    },
  );
  const [request] = kit.runner.requests;
  assert.deepEqual(request?.env, [
    'HTTP_PROXY=http://proxy',
    'http_proxy=http://proxy',
    'PATH=/bin',
    'A=given',
    'B=2',
  ]);
  const { argv, cwd, user, network, hosts, hostname, shmSizeBytes, limits, insecure } = request!;
  assert.deepEqual(argv, ['/bin/sh', '-c', 'true']);
  assert.deepEqual(
    [cwd, user, network, hosts, hostname, shmSizeBytes, limits, insecure],
    ['/w', 'app:staff', 'none', ['db:10.0.0.1'], 'box', 1024, { memoryBytes: 5 }, false],
  );
});

test('what of the request is part of a step’s key', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const limits = { ulimits: [{ name: 'nofile', soft: 1, hard: 2 }] };
  const cases: [more: BuildMore, runs: boolean][] = [
    [{}, true],
    [{}, false],
    [{ extraHosts: ['a:10.0.0.1'] }, true],
    [{ extraHosts: ['a:10.0.0.2'] }, false],
    [{ hostname: 'h' }, true],
    [{ shmSizeBytes: 1 << 20 }, true],
    [{ limits }, true],
    [{ limits: { memoryBytes: 1 << 30, cpuShares: 5 } }, false],
  ];
  for (const [more, runs] of cases) {
    const before = kit.runner.requests.length;
    await kit.build('FROM base\nRUN --mount=type=cache,id=x,target=/c true\n', more);
    assert.equal(kit.runner.requests.length > before, runs, JSON.stringify(more));
  }
  const before = kit.runner.requests.length;
  await kit.build('FROM base\nRUN --mount=type=cache,id=y,sharing=locked,target=/c true\n');
  assert.equal(kit.runner.requests.length, before, 'which folder a cache is, is no input');
});

test('a secret reaches its step alone', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const secret = 'very-secret-value';
  const dockerfile = `FROM base
RUN --mount=type=secret,id=token,mode=0440 cat /run/secrets/token
RUN --mount=type=secret,id=token,env=TOKEN,target=/t env
RUN --mount=type=secret,id=absent true
RUN true && env
`;
  const build = (value: string) =>
    kit.build(dockerfile, { secrets: { token: Buffer.from(value) } });
  const built = await build(secret);
  assert.equal(built.output.split(secret).length - 1, 2, 'only where the step prints it itself');
  const [file, both, absent] = kit.runner.requests;
  assert.equal(file?.mounts[0]?.target, '/run/secrets/token');
  assert.equal(file?.mounts[0]?.readOnly, true);
  assert.deepEqual([both?.mounts.length, absent?.mounts.length], [1, 0]);
  const everything = JSON.stringify([kit.ports.records.list(), built.config, kit.written]);
  assert.equal(everything.includes(secret), false);
  assert.deepEqual(readdirSync(join(kit.root, 'secrets')), []);
  assert.equal((await build('another value')).imageId, built.imageId, 'not part of the key');
  await assert.rejects(
    kit.build('FROM base\nRUN --mount=type=secret,id=toString,required=true true\n', {
      secrets: {},
    }),
    /secret toString: not found/,
  );
});

test('an agent is reached where SSH_AUTH_SOCK says, by a socket of the step', async () => {
  await using kit = await createBuildKit({
    commands: {
      async ask({ mounts, onOutput }) {
        const socket = connect(mounts[0]!.source);
        socket.write('who');
        onOutput('stdout', (await once(socket, 'data'))[0]);
        return 0;
      },
    },
  });
  await kit.addImage('base:latest', {});
  const agentPath = join(kit.root, 'agent.sock');
  const agent = createServer((socket) => socket.on('data', () => socket.end('the agent')));
  agent.listen(agentPath);
  await once(agent, 'listening');
  const ssh = { default: { socketPath: agentPath } };
  const { output } = await kit.build('FROM base\nRUN --mount=type=ssh ask\n', { ssh });
  assert.equal(output, 'the agent');
  const [request] = kit.runner.requests;
  assert.equal(request?.mounts[0]?.target, '/run/buildkit/ssh_agent.0');
  assert.ok(request?.env.includes('SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0'));
  agent.close();
  await assert.rejects(
    kit.build('FROM base\nRUN --mount=type=ssh,required=true exit 1\n'),
    /unset ssh forward key default/,
  );
});

test('bind mounts show the context, a stage, an image; what they read is part of the key', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  await kit.addImage('tools:latest', { 'bin/tool': 'tool' });
  const dockerfile = `FROM base AS made
RUN write /out/f made
FROM base
RUN --mount=target=/ctx cat /ctx/f
RUN --mount=type=bind,source=sub,target=/sub cat /sub/g
RUN --mount=type=bind,from=made,source=/out/f,target=/m cat /m
RUN --mount=type=bind,from=tools,target=/t cat /t/bin/tool
`;
  const build = (f: string, ignored: string) =>
    kit.build(dockerfile, {
      files: { f, 'sub/g': 'g', ignored, '.dockerignore': 'ignored' },
    });
  const first = await build('f1', '1');
  assert.equal(first.output, 'f1gmadetool');
  assert.equal((await build('f1', '2')).imageId, first.imageId);
  const changed = await build('f2', '2');
  assert.equal(changed.output, 'f2', 'only the step that reads f ran; it changed nothing');
});

test('the source of a bind mount is a path and no pattern', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', { 'a*': 'image' });
  const files = { 'a*': 'star', ab: 'letters' };
  for (const [from, text] of [
    ['', 'star'],
    ['from=base,', 'image'],
  ]) {
    const mount = `--mount=${from}source=a*,target=/m`;
    assert.equal((await kit.build(`FROM base\nRUN ${mount} cat /m\n`, { files })).output, text);
    const missing = kit.build(`FROM base\nRUN --mount=${from}source=x*,target=/m true\n`, {
      files,
    });
    await assert.rejects(missing, /"\/x\*": not found/);
  }
});

test('ignored files are not seen through a mount, and what a step may write is a copy', async () => {
  const seen: string[][] = [];
  await using kit = await createBuildKit({
    commands: {
      look({ mounts }) {
        seen.push(readdirSync(mounts[0]!.source).sort());
        return 0;
      },
    },
  });
  await kit.addImage('base:latest', {});
  await kit.build('FROM base\nRUN --mount=target=/c look\nRUN --mount=target=/c,rw look\n', {
    files: { f: '1', secret: '2', '.dockerignore': 'secret' },
  });
  assert.deepEqual(seen, [
    ['.dockerignore', 'Dockerfile', 'f'],
    ['.dockerignore', 'Dockerfile', 'f'],
  ]);
});

test('a cache mount is kept between builds and is no part of the key', async () => {
  const counts: number[] = [];
  await using kit = await createBuildKit({
    commands: {
      count({ mounts }) {
        const file = join(mounts[0]!.source, 'count');
        const before = readdirSync(mounts[0]!.source).includes('count')
          ? Number(readFileSync(file, 'utf8'))
          : 0;
        counts.push(before + 1);
        return kit.runner
          .run({
            ...kit.runner.requests.at(-1)!,
            rootPath: mounts[0]!.source,
            argv: [`write /count ${before + 1}`],
          })
          .then(({ exitCode }) => exitCode);
      },
    },
  });
  await kit.addImage('base:latest', {});
  const dockerfile = 'FROM base\nRUN --mount=type=cache,target=/cache count\n';
  await kit.build(dockerfile);
  await kit.build(dockerfile);
  assert.deepEqual(counts, [1]);
  await kit.build(dockerfile, { noCache: true });
  assert.deepEqual(counts, [1, 2]);
});

test('a program in a here-document is run from /dev/pipes', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const content = '#!/bin/x\nhello\n';
  await assert.rejects(kit.build(`FROM base\nRUN <<EOF\n${content}EOF\n`), /exit code: 127/);
  const [request] = kit.runner.requests;
  assert.deepEqual(request?.argv, ['/bin/sh', '-c', '/dev/pipes/EOF']);
  assert.equal(request?.mounts[0]?.target, '/dev/pipes');
});

test('out of memory is said', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const build = kit.build('FROM base\nRUN exit 137\n', { limits: { memoryBytes: 1024 } });
  await assert.rejects(build, /exit code: 137: out of memory \(limit 1024 bytes\)/);
});

test('a failed step is kept for a shell when that was asked for', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  let details: StepFailureDetails | undefined;
  await assert.rejects(
    kit.build(
      'FROM base\nENV A=b\nWORKDIR /w\nRUN --mount=type=secret,id=s write /w/half x && exit 4\n',
      {
        keepFailedStep: true,
        secrets: { s: Buffer.from('x') },
      },
    ),
    (error: { details?: unknown }) => {
      details = error.details as StepFailureDetails;
      return true;
    },
  );
  const { kept } = details!;
  assert.ok(kept);
  const { rootPath, env, cwd, mounts } = kept.request;
  assert.equal(readFileSync(join(rootPath, 'w/half'), 'utf8'), 'x');
  assert.ok(env.includes('A=b'));
  assert.equal(cwd, '/w');
  assert.equal(statSync(mounts[0]!.source).isFile(), true);
  const { failedSteps } = kit.builder;
  const output: string[] = [];
  await failedSteps.get(kept.id).shell({
    onOutput: (_stream, bytes) => void output.push(Buffer.from(bytes).toString()),
  });
  const shell = kit.runner.requests.at(-1)!;
  assert.deepEqual([shell.argv, shell.cwd, shell.mounts], [['/bin/sh'], '/w', mounts]);
  await kept[Symbol.asyncDispose]();
  assert.throws(() => failedSteps.get(kept.id), { kind: 'not-found' });
  assert.equal(kit.ports.filesystems.open(), 0);
  assert.deepEqual(readdirSync(join(kit.root, 'secrets')), []);
  await kit.builder.settled();
  assert.deepEqual(readdirSync(join(kit.root, 'builder/work')), []);
});

test('a program for a platform that cannot run here is refused with the reason', async () => {
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {}, { architecture: 'arm64' });
  await assert.rejects(kit.build('FROM base\nRUN true\n'), {
    kind: 'unsupported',
    message:
      /build for linux\/arm64: line 2 runs a program, and this machine runs linux\/amd64 only/,
  });
  await kit.build('FROM base\nCOPY Dockerfile /\n');
});

test('a build that joined a step of another one does not fail for what only that one lacks', async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  await using kit = await createBuildKit();
  await kit.addImage('base:latest', {});
  const dockerfile = 'FROM base\nRUN --mount=type=secret,id=s,required write /a 1\n';
  const without = kit.build(dockerfile, {
    async secrets() {
      asked.resolve();
      await gate.promise;
      return undefined;
    },
  });
  const failed = assert.rejects(without, /secret s: not found/);
  await asked.promise;
  let hasStarted = false;
  const withSecret = kit.build(dockerfile, {
    secrets: { s: Buffer.from('x') },
    onEvent: ({ kind }) => {
      hasStarted ||= kind === 'plan';
    },
  });
  while (!hasStarted) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  gate.resolve();
  await failed;
  assert.equal((await withSecret).file('/a'), '1');
});

/** A build that fails, its details. */
async function failureOf(build: Promise<unknown>): Promise<StepFailureDetails> {
  try {
    await build;
  } catch (error) {
    return (error as StepFailure).details;
  }
  throw new Error('the build did not fail');
}

test('of steps that fail at once one is kept, and nothing of the others', async () => {
  let count = 0;
  const all = Promise.withResolvers<void>();
  await using kit = await createBuildKit({
    commands: {
      async fail() {
        if (++count === 3) all.resolve();
        await all.promise;
        return 1;
      },
    },
  });
  await kit.addImage('base:latest', {});
  const stages = ['a', 'b', 'c'].map((name) => `FROM base AS ${name}\nRUN fail ${name}\n`);
  const build = kit.build(
    `${stages.join('')}FROM base\nCOPY --from=a / /a\nCOPY --from=b / /b\nCOPY --from=c / /c\n`,
    { keepFailedStep: true },
  );
  const { kept } = await failureOf(build);
  assert.equal(kit.ports.filesystems.open(), 1);
  await kept![Symbol.asyncDispose]();
  assert.equal(kit.ports.filesystems.open(), 0);
});

test('a kept step that goes ends the shell in it first', async () => {
  const order: string[] = [];
  await using kit = await createBuildKit({
    commands: {
      async '/bin/sh'({ signal }) {
        await once(signal!, 'abort');
        await new Promise(setImmediate);
        order.push(`shell ended, ${kit.ports.filesystems.open()} open`);
        throw signal!.reason;
      },
    },
  });
  await kit.addImage('base:latest', {});
  const build = kit.build('FROM base\nRUN exit 4\n', { keepFailedStep: true });
  const { kept } = await failureOf(build);
  const shell = assert.rejects(kept!.shell({ onOutput: () => {} }), { kind: 'canceled' });
  assert.equal(kept!.isOpen(), true);
  await assert.rejects(kept!.shell({ onOutput: () => {} }), { kind: 'conflict' });
  await kept![Symbol.asyncDispose]();
  await shell;
  order.push(`${kit.ports.filesystems.open()} open`);
  assert.deepEqual(order, ['shell ended, 1 open', '0 open']);
});
