import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { BuildEvent, BuildRequest, BuildResult } from '../../../build/index.ts';
import { BerthError, canceled, type Digest, streamOf } from '../../../core/index.ts';
import { createIgnoreMatcher } from '../../../dockerfile/index.ts';
import {
  type Channel,
  joinConnection,
  openChannel,
  type SessionOffers,
  serveSession,
  sessionHeaders,
  socketPair,
} from '../../../session/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import * as messages from './control-messages.ts';
import type { BuildkitPorts } from './ports.ts';
import { buildkitHijacks } from './routes.ts';
import { createSessions } from './sessions.ts';
import { type StatusResponse, statusResponse } from './status-messages.ts';

const imageId = `sha256:${'a'.repeat(64)}` as Digest;
type Build = BuildkitPorts['builder']['build'];

async function serve(
  build: Build,
  dropName: BuildkitPorts['dropName'] = async () => {},
): Promise<ServedApi> {
  const ports = {
    builder: { build },
    dropName,
    platform: { os: 'linux', architecture: 'amd64' },
    hostname: 'h',
    version: '1.2.3',
    cache: { usage: async () => [] },
  } as unknown as BuildkitPorts;
  const hijacks = buildkitHijacks(ports, createSessions());
  const table = dockerTable({ version: '1.2.3', routes: [], hijacks });
  return await serveApi({ tables: [table], notFound: pageNotFound });
}

/** A connection that was given up for another protocol. */
async function hijack(
  api: ServedApi,
  path: string,
  headers: Record<string, string | string[]> = {},
): Promise<Socket> {
  const outgoing = httpRequest({
    socketPath: api.path,
    method: 'POST',
    path,
    agent: false,
    headers: { Connection: 'Upgrade', Upgrade: 'h2c', ...headers },
  }).end();
  const [, socket, head] = (await once(outgoing, 'upgrade')) as [unknown, Socket, Buffer];
  if (head.length > 0) socket.unshift(head);
  socket.on('error', () => {});
  return socket;
}

/** A client as buildx is one: a session, and a connection to drive its build by. */
async function client(api: ServedApi, offers: SessionOffers): Promise<Channel> {
  serveSession(await hijack(api, '/session', sessionHeaders(offers, { id: 's1' })), offers);
  return openChannel(await hijack(api, '/grpc'));
}

const asBuild = { metadata: { [messages.buildIdHeader]: ['b1'] } };
const moby = { Type: 'moby', Attrs: new Map([['name', 'app:1']]) };

/** Drives a build the way buildx does; gives what Solve answers. */
async function drive(
  channel: Channel,
  attributes: Record<string, string> = {},
  exporters = [moby],
): Promise<ReadonlyMap<string, string>> {
  const asked = { Ref: 'b1', Session: 's1', Exporters: exporters };
  const solved = channel.ask(messages.solve, asked);
  solved.catch(() => {});
  await channel.ask(messages.ping, {}, asBuild);
  try {
    const FrontendOpt = new Map(Object.entries(attributes));
    const { result } = await channel.ask(
      messages.bridgeSolve,
      {
        Frontend: 'dockerfile.v0',
        FrontendOpt,
        allowResultReturn: true,
        allowResultArrayRef: true,
      },
      asBuild,
    );
    await channel.ask(messages.bridgeReturn, { result }, asBuild);
  } catch (error) {
    const status = { code: 2, message: (error as Error).message, details: [] };
    await channel.ask(messages.bridgeReturn, { error: status }, asBuild);
    throw error;
  }
  return (await solved).ExporterResponse;
}

function contextOf(files: Record<string, string>): SessionOffers & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'berth-ctx-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const folders = { context: { root }, dockerfile: { root } };
  return {
    folders: { folders, patterns: createIgnoreMatcher },
    secret: async (id) => Buffer.from(`secret ${id}`),
    login: async (host) => ({ username: host, secret: 'pass' }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

const done = (archives: BuildResult['archives'] = []): BuildResult => ({
  imageId,
  archives,
  async [Symbol.asyncDispose]() {},
});

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

describe('what is refused', () => {
  const never: Build = async () => {
    throw new Error('not to be built');
  };
  for (const [name, attributes, exporters, message] of [
    ['an option nobody knows', { 'new-thing': '1' }, [moby], /new-thing=1 is not supported/],
    ['an exporter', {}, [{ Type: 'x', Attrs: new Map() }], /exporter "x" could not be found/],
    ['a missing Dockerfile', { filename: 'no/Df' }, [moby], /open no\/Df: no such file/],
    ['a Dockerfile outside', { filename: '../../etc/passwd' }, [moby], /open etc\/passwd: no such/],
    ['another question', { requestid: 'frontend.x' }, [moby], /"frontend.x" is not supported/],
  ] as const) {
    test(name, async () => {
      await using api = await serve(never);
      using offers = contextOf({ Dockerfile: 'FROM x\n' });
      await using channel = await client(api, offers);
      await assert.rejects(drive(channel, attributes, exporters as never), message);
    });
  }

  test('LLB, other frontends, unknown builds and sessions', async () => {
    await using api = await serve(never);
    await using channel = openChannel(await hijack(api, '/grpc'));
    const { solve } = messages;
    const definition = { Ref: 'b', Definition: Buffer.from('x') };
    await assert.rejects(channel.ask(solve, definition), /only Dockerfiles are built here/);
    await assert.rejects(channel.ask(solve, { Ref: 'b', Frontend: 'gateway.v0' }), /gateway.v0/);
  });

  test('connections that are not what they should be', async () => {
    await using api = await serve(never);
    const upgrade = { connection: 'Upgrade', upgrade: 'tcp' };
    for (const [path, headers, message] of [
      ['/session', {}, /no upgrade proto in request/],
      ['/grpc', upgrade, /protocol tcp not supported/],
      ['/session', { ...upgrade, upgrade: 'h2c' }, /it has no id/],
    ] as const) {
      const { status, body } = await api.ask('POST', path, { headers });
      assert.equal(status, 400);
      assert.match(body, message);
    }
    const socket = await hijack(api, '/grpc');
    socket.write('this is not HTTP/2 at all, and ends soon');
    await once(socket.resume(), 'close');
  });
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

test('the daemon tells of itself', async () => {
  await using api = await serve(async () => done());
  await using channel = openChannel(await hijack(api, '/grpc'));
  const { buildkitVersion } = await channel.ask(messages.info, {});
  assert.equal(buildkitVersion.version, 'v1.2.3');
  const { record } = await channel.ask(messages.listWorkers, {});
  assert.deepEqual(record[0]?.platforms, [{ OS: 'linux', Architecture: 'amd64', Variant: '' }]);
  assert.deepEqual((await channel.ask(messages.diskUsage, {})).record, []);
});

test('a session within the connection, and a folder that is another session’s', async () => {
  let seen: BuildRequest | undefined;
  await using api = await serve(async (request) => {
    seen = request;
    return done();
  });
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  using other = contextOf({ Dockerfile: 'FROM other\n' });
  await using channel = await client(api, offers);
  // The client's end of the carried connection, as buildx has it for builds that share files.
  using pair = await socketPair();
  await using _server = serveSession(pair.near, other);
  const headers = sessionHeaders(other, { id: 's2' });
  const metadata = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat()]),
  );
  const call = channel.open(messages.sessionPath, { metadata });
  const joined = joinConnection(call, pair.far, call.end);
  await drive(channel, { 'local-sessionid:dockerfile': 's2' });
  assert.deepEqual(seen?.dockerfile, {
    text: 'FROM other\n',
    fileName: 'Dockerfile',
    ignore: undefined,
  });
  pair.far.destroy();
  await joined.catch(() => {});
  // What ends a carried connection ends nothing else.
  await drive(channel);
});

test('a build stands on the result of another that is still open', async () => {
  const seen: BuildRequest[] = [];
  const dropped: string[] = [];
  const build: Build = async (request) => {
    seen.push(request);
    return done();
  };
  await using api = await serve(build, async (reference) => void dropped.push(reference.path));
  using offers = contextOf({ Dockerfile: 'FROM x\n' });
  await using channel = await client(api, offers);
  const begin = async (ref: string, FrontendInputs = new Map<string, Uint8Array>()) => {
    const metadata = { metadata: { [messages.buildIdHeader]: [ref] } };
    const solved = channel.ask(messages.solve, { Ref: ref, Session: 's1' });
    solved.catch(() => {});
    await channel.ask(messages.ping, {}, metadata);
    const FrontendOpt = new Map(FrontendInputs.size > 0 ? [['context:base', 'input:0-a']] : []);
    const { result } = await channel.ask(
      messages.bridgeSolve,
      { Frontend: 'dockerfile.v0', FrontendOpt, FrontendInputs, allowResultArrayRef: true },
      metadata,
    );
    const end = async () => {
      await channel.ask(messages.bridgeReturn, { result }, metadata);
      await solved;
    };
    return { end, definition: result.ref!.def! };
  };
  const parent = await begin('a');
  const child = await begin('b', new Map([['0-a', parent.definition]]));
  await child.end();
  await parent.end();
  const [, named, standing] = seen;
  assert.deepEqual(named?.outputs, [{ kind: 'image' }]);
  const base = standing?.contexts?.base;
  assert.deepEqual(base, { kind: 'image', reference: named?.tags[0] });
  assert.deepEqual(dropped, [named?.tags[0]?.path], 'its name goes with it');
  await assert.rejects(begin('c', new Map([['0-a', parent.definition]])), /is over/);
  const foreign = Buffer.from([10, 4, 26, 2, 10, 0]);
  await assert.rejects(begin('d', new Map([['0-a', foreign]])), /is LLB and not the result/);
});
