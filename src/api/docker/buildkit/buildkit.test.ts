import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { BuildEvent, BuildRequest } from '../../../build/index.ts';
import { BerthError, canceled, streamOf } from '../../../core/index.ts';
import { openChannel } from '../../../session/index.ts';
import {
  asBuild,
  type Build,
  client,
  contextOf,
  done,
  drive,
  hijack,
  imageId,
  moby,
  serve,
} from './buildkit-fixture.ts';
import * as messages from './control-messages.ts';
import { type StatusResponse, statusResponse } from './status-messages.ts';

test('a build driven by its client: files, secrets and logins from the session', async () => {
  let seen: BuildRequest | undefined;
  const build: Build = async (request) => {
    seen = request;
    const signal = new AbortController().signal;
    assert.ok(typeof request.secrets === 'function' && typeof request.auth === 'function');
    assert.equal(String(await request.secrets('x', signal)), 'secret x');
    const login = { username: 'registry-1.docker.io', password: 'pass' };
    assert.deepEqual(await request.auth('docker.io'), login);
    assert.ok(request.context.kind === 'folder');
    await using files = await request.context.folder.open({ exclude: [] }, signal);
    const entries = (await Array.fromAsync(files.entries)).flat();
    assert.deepEqual(
      entries.map(({ path }) => path),
      ['Dockerfile', 'Dockerfile.dockerignore', 'f'],
    );
    return done();
  };
  await using api = await serve(build);
  using offers = contextOf({
    Dockerfile: 'FROM scratch\n',
    f: 'x',
    'Dockerfile.dockerignore': 'f\n',
  });
  await using channel = await client(api, offers);
  const response = await drive(channel, { 'build-arg:A': '1' });
  assert.deepEqual(Object.fromEntries(response), {
    'containerimage.config.digest': imageId,
    'containerimage.digest': imageId,
    'image.name': 'app:1',
  });
  assert.deepEqual(seen?.dockerfile, {
    text: 'FROM scratch\n',
    fileName: 'Dockerfile',
    ignore: 'f\n',
  });
  assert.deepEqual(seen?.tags, [{ domain: 'docker.io', path: 'library/app', tag: '1' }]);
  assert.deepEqual(seen?.buildArgs, { A: '1' });
});

test('all results of a build are dropped, though one of them cannot be', async () => {
  const dropped: number[] = [];
  let count = 0;
  await using api = await serve(async () => {
    const index = count++;
    return {
      ...done(),
      async [Symbol.asyncDispose]() {
        dropped.push(index);
        if (index === 1) throw new Error('in use');
      },
    };
  });
  using offers = contextOf({ Dockerfile: 'FROM scratch\n' });
  await using channel = await client(api, offers);
  const solved = channel.ask(messages.solve, { Ref: 'b1', Session: 's1', Exporters: [moby] });
  solved.catch(() => {});
  const asked = { Frontend: 'dockerfile.v0', allowResultReturn: true, allowResultArrayRef: true };
  for (let index = 0; index < 3; index++) {
    await channel.ask(messages.bridgeSolve, asked, asBuild);
  }
  await channel.ask(messages.bridgeReturn, {}, asBuild);
  await assert.rejects(solved, /in use/);
  assert.deepEqual(dropped.sort(), [0, 1, 2]);
});

const events: BuildEvent[] = [
  { kind: 'warning', code: 'StageNameCasing', message: 'odd', line: 1, detail: 'why' },
  {
    kind: 'plan',
    steps: [
      {
        number: 1,
        stage: 'a',
        stageIndex: 0,
        text: 'FROM x',
        title: '[1/2] FROM x',
        line: 1,
        endLine: 1,
      },
      {
        number: 2,
        stage: 'a',
        stageIndex: 0,
        text: 'RUN y',
        title: '[2/2] RUN y',
        line: 2,
        endLine: 2,
      },
    ],
  },
  { kind: 'step-cached', step: 1, atMs: 1000, imageId },
  { kind: 'step-started', step: 2, atMs: 1500 },
  { kind: 'step-output', step: 2, stream: 'stderr', bytes: Buffer.from('hello\n') },
  { kind: 'step-done', step: 2, atMs: 2500, sizeBytes: 0, imageId },
  { kind: 'task-started', task: 'exporting to image', atMs: 3000 },
  { kind: 'task-done', task: 'exporting to image', atMs: 3001, detail: imageId },
];

test('what a build says is told as BuildKit’s vertices', async () => {
  await using api = await serve(async (_request, { onEvent }) => {
    for (const event of events) onEvent(event);
    return done();
  });
  using offers = contextOf({ Dockerfile: 'FROM x\nRUN y\n' });
  await using channel = await client(api, offers);
  const status = channel.open(messages.statusPath);
  await status.send([messages.statusRequest.encode({ Ref: 'b1' })]);
  status.end();
  const told = Array.fromAsync(status.messages);
  await drive(channel);
  const all = (await told).flat().map((bytes) => statusResponse.decode(bytes));
  const gathered = <Key extends keyof StatusResponse>(key: Key) =>
    all.flatMap((one) => one[key] as StatusResponse[Key][number][]);
  const vertexes = gathered('vertexes') as StatusResponse['vertexes'];
  const last = new Map(vertexes.map((vertex) => [vertex.name, vertex]));
  assert.deepEqual(
    [...last].map(([name, { cached, error }]) => [name, cached, error]),
    [
      ['[internal] load build definition from Dockerfile', false, ''],
      ['[1/2] FROM x', true, ''],
      ['[2/2] RUN y', false, ''],
      ['exporting to image', false, ''],
    ],
  );
  assert.deepEqual(last.get('[2/2] RUN y')?.inputs, [last.get('[1/2] FROM x')?.digest]);
  assert.deepEqual(last.get('[2/2] RUN y')?.completed, { seconds: '2', nanos: 500_000_000 });
  const [log] = gathered('logs') as StatusResponse['logs'];
  assert.deepEqual([String(log?.msg), String(log?.stream)], ['hello\n', '2']);
  const ids = (gathered('statuses') as StatusResponse['statuses']).map(({ ID }) => ID);
  assert.deepEqual(ids.slice(-3), [
    'exporting layers',
    `writing image ${imageId}`,
    'naming to docker.io/library/app:1',
  ]);
  const [warning] = gathered('warnings') as StatusResponse['warnings'];
  assert.equal(String(warning?.short), 'StageNameCasing: odd (line 1)');
  assert.match(warning?.url ?? '', /rule\/stage-name-casing\/$/);
  assert.equal(String(warning?.info?.data), 'FROM x\nRUN y\n');
});

test('a build that fails says where, and the same to both calls', async () => {
  await using api = await serve(async () => {
    throw new BerthError('invalid', 'process failed', {
      code: 'STEP_FAILED',
      details: { line: 2, endLine: 2 },
    });
  });
  using offers = contextOf({ Dockerfile: 'FROM x\nRUN y\n' });
  await using channel = await client(api, offers);
  await assert.rejects(drive(channel), /LLBBridge\/Solve: process failed/);
  // The build is over: another of its name can begin.
  await assert.rejects(drive(channel), /process failed/);
});

test('a client that gives up stops its build', async () => {
  const building = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  await using api = await serve(async (_request, { signal }) => {
    building.resolve();
    await once(signal!, 'abort');
    stopped.resolve();
    throw canceled('build: canceled');
  });
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  const channel = await client(api, offers);
  const driven = drive(channel);
  driven.catch(() => {});
  await building.promise;
  await channel[Symbol.asyncDispose]();
  await stopped.promise;
  await assert.rejects(driven);
});

test('an archive goes to the client', async () => {
  await using api = await serve(async () =>
    done([{ kind: 'tar', content: streamOf('the archive') }]),
  );
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  const tar = [{ Type: 'tar', Attrs: new Map() }];
  await assert.rejects(drive(channel, {}, tar), /client takes none/);
});

test('checks alone are answered as the lint request', async () => {
  await using api = await serve(async ({ checkOnly }, { onEvent }) => {
    assert.equal(checkOnly, true);
    onEvent(events[0]!);
    return done();
  });
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  const solved = channel.ask(messages.solve, { Ref: 'b1', Session: 's1' });
  await channel.ask(messages.ping, {}, asBuild);
  const FrontendOpt = new Map([['requestid', 'frontend.lint']]);
  const { result } = await channel.ask(
    messages.bridgeSolve,
    { Frontend: 'dockerfile.v0', FrontendOpt },
    asBuild,
  );
  const metadata = Object.fromEntries([...result.metadata].map(([k, v]) => [k, String(v)]));
  assert.equal(metadata['result.statuscode'], '1');
  assert.match(metadata['result.txt']!, /WARNING: StageNameCasing - https:.*\nodd\nDockerfile:1/);
  assert.equal(JSON.parse(metadata['result.json']!).warnings[0].ruleName, 'StageNameCasing');
  await channel.ask(messages.bridgeReturn, { result: { metadata: new Map() } }, asBuild);
  assert.equal((await solved).ExporterResponse.size, 0);
});

test('questions about a Dockerfile are answered in JSON and as text', async () => {
  const source = 'FROM x\n';
  await using api = await serve(async ({ describeOnly }, { onEvent }) => {
    const at = { line: 1, endLine: 2 };
    if (describeOnly === 'targets') {
      const target = { name: 'a', description: 'is all', base: 'x', platform: '', ...at };
      const targets = [{ ...target, isDefault: true }];
      onEvent({ kind: 'targets', source, targets });
    } else if (describeOnly === 'outline') {
      const args = [{ name: 'LONG_ARG', value: 'v', description: 'says', ...at }];
      const secrets = [{ name: 's', required: true, ...at }];
      const outline = { name: '', description: 'is all', args, secrets, ssh: [] };
      onEvent({ kind: 'outline', source, outline });
    }
    return done();
  });
  using offers = contextOf({ Dockerfile: source });
  await using channel = await client(api, offers);
  const ask = async (requestid: string) => {
    channel.ask(messages.solve, { Ref: 'b1', Session: 's1' }).catch(() => {});
    await channel.ask(messages.ping, {}, asBuild);
    const FrontendOpt = new Map([['requestid', requestid]]);
    const asked = { Frontend: 'dockerfile.v0', FrontendOpt };
    const { result } = await channel.ask(messages.bridgeSolve, asked, asBuild);
    await channel.ask(messages.bridgeReturn, { result: { metadata: new Map() } }, asBuild);
    const { 'result.json': json, 'result.txt': text } = Object.fromEntries(result.metadata);
    return { json: JSON.parse(String(json)), text: String(text) };
  };
  const ranges = [1, 2].map((line) => ({ start: { line }, end: { line } }));
  const rest = { location: { ranges } };
  const sources = [Buffer.from(source).toString('base64')];
  assert.deepEqual(await ask('frontend.targets'), {
    json: {
      targets: [{ name: 'a', default: true, description: 'is all', base: 'x', ...rest }],
      sources,
    },
    text: 'TARGET      DESCRIPTION\na (default) is all\n',
  });
  assert.deepEqual(await ask('frontend.outline'), {
    json: {
      description: 'is all',
      args: [{ name: 'LONG_ARG', description: 'says', value: 'v', ...rest }],
      secrets: [{ name: 's', required: true, ...rest }],
      sources,
    },
    text: [
      ...['TARGET:      (default)', 'DESCRIPTION: is all', ''],
      ...['BUILD ARG   VALUE   DESCRIPTION', 'LONG_ARG    v       says', ''],
      ...['SECRET   REQUIRED', 's        true', '', ''],
    ].join('\n'),
  });
  const { json } = await ask('frontend.subrequests.describe');
  assert.deepEqual(
    json.map(({ name }: { name: string }) => name),
    ['frontend.outline', 'frontend.targets', 'frontend.subrequests.describe'],
  );
});

test('the daemon tells of itself', async () => {
  await using api = await serve(async () => done());
  await using channel = openChannel(await hijack(api, '/grpc'));
  const { buildkitVersion } = await channel.ask(messages.info, {});
  assert.equal(buildkitVersion.version, 'v1.2.3');
  const { record } = await channel.ask(messages.listWorkers, {});
  assert.deepEqual(record[0]?.platforms, [{ OS: 'linux', Architecture: 'amd64', Variant: '' }]);
  assert.deepEqual((await channel.ask(messages.diskUsage, {})).record, []);
});
