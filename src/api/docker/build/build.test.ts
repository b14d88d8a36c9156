import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { describe, test } from 'node:test';
import type {
  BuildCache,
  BuildEvent,
  BuildRequest,
  BuildStep,
  RegistryLogin,
} from '../../../build/index.ts';
import { BerthError, canceled, collect, type Digest, invalid } from '../../../core/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { createBuildHistory } from '../buildkit/history/build-history.ts';
import { memoryBuildRecords } from '../buildkit/history/memory-build-records.ts';
import { createSessions } from '../buildkit/sessions.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import type { BuildPorts } from './ports.ts';
import { buildRoutes } from './routes.ts';

const image = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;
const short = (letter: string) => letter.repeat(12);
const container = 'f'.repeat(64);

type Build = BuildPorts['builder']['build'];

async function serve(build: Build, cache: Partial<BuildCache> = {}): Promise<ServedApi> {
  const ports = { builder: { build }, cache } as unknown as BuildPorts;
  const history = createBuildHistory(memoryBuildRecords());
  const shared = { sessions: createSessions(), history };
  const table = dockerTable({ version: '0.1.0', routes: buildRoutes(ports, shared) });
  return await serveApi({ tables: [table], notFound: pageNotFound });
}

const steps = (...texts: string[]): BuildStep[] =>
  texts.map((text, index) => ({
    number: index + 1,
    stage: 'stage-0',
    stageIndex: 0,
    text,
    line: index + 1,
    endLine: index + 1,
  }));

/** A builder that tells these events and gives image `z`, or throws. */
const scripted =
  (events: readonly BuildEvent[], error?: unknown): Build =>
  async (_request, { onEvent }) => {
    for (const event of events) onEvent(event);
    if (error) throw error;
    return { imageId: image('9'), archives: [], [Symbol.asyncDispose]: async () => {} };
  };

const output = (step: number, stream: 'stdout' | 'stderr', bytes: string | Buffer): BuildEvent => ({
  kind: 'step-output',
  step,
  stream,
  bytes: Buffer.from(bytes),
});
const started = (step: number): BuildEvent => ({ kind: 'step-started', step, atMs: 0 });
const done = (step: number, letter: string): BuildEvent => ({
  kind: 'step-done',
  step,
  atMs: 0,
  sizeBytes: 1,
  imageId: image(letter),
});

const plan: BuildEvent = { kind: 'plan', steps: steps('FROM busybox', 'RUN make', 'COPY a /a') };
const whole: BuildEvent[] = [
  plan,
  started(1),
  { kind: 'step-cached', step: 1, atMs: 0, imageId: image('1') },
  started(2),
  { kind: 'step-running', step: 2, containerId: container },
  output(2, 'stdout', 'made\n'),
  output(2, 'stderr', 'warned\n'),
  done(2, '2'),
  started(3),
  { kind: 'step-cached', step: 3, atMs: 0, imageId: image('3') },
];

async function told(api: ServedApi, query = ''): Promise<{ text: string; rest: object[] }> {
  const { status, body } = await api.ask('POST', `/build?${query}`, { body: 'a tar' });
  assert.equal(status, 200, body);
  const messages = body
    .split('\r\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { stream?: string });
  return {
    text: messages.map(({ stream = '' }) => stream).join(''),
    rest: messages.filter(({ stream }) => stream === undefined),
  };
}

const wholeText = `Step 1/3 : FROM busybox
 ---> ${short('1')}
Step 2/3 : RUN make
 ---> Running in ${short('f')}
made
\x1b[91mwarned
\x1b[0m ---> Removed intermediate container ${short('f')}
 ---> ${short('2')}
Step 3/3 : COPY a /a
 ---> Using cache
 ---> ${short('3')}
`;

describe('the classic stream', () => {
  test('steps, output and result as Docker tells them', async () => {
    await using api = await serve(scripted(whole));
    const { text, rest } = await told(api, 't=a:b&t=host:5000/c');
    assert.equal(
      text,
      `${wholeText}Successfully built ${short('9')}\nSuccessfully tagged a:b\nSuccessfully tagged host:5000/c:latest\n`,
    );
    assert.deepEqual(rest, [{ aux: { ID: image('9') } }]);
  });

  test('steps that run side by side are told one after the other', async () => {
    const at = (...indexes: number[]) => indexes.map((index) => whole[index]!);
    const mixed = at(0, 1, 3, 4, 5, 2, 8, 9, 6, 7);
    await using api = await serve(scripted(mixed));
    const { text } = await told(api);
    assert.ok(text.startsWith(wholeText), text);
  });

  test('characters that are cut stay whole', async () => {
    const [first, second] = [Buffer.from('né').subarray(0, 2), Buffer.from('né').subarray(2)];
    const events = [plan, started(1), output(1, 'stdout', first!), output(1, 'stdout', second!)];
    await using api = await serve(scripted(events));
    assert.match((await told(api)).text, /\nnéSuccessfully/);
  });

  test('progress of a base image is told by its parts', async () => {
    const progress = (current: number): BuildEvent => ({
      kind: 'step-progress',
      step: 1,
      id: 'abc',
      action: 'Downloading',
      current,
      total: 10,
    });
    await using api = await serve(scripted([plan, started(1), progress(5), done(1, '1')]));
    const { rest } = await told(api);
    assert.deepEqual(rest[0], {
      status: 'Downloading',
      progressDetail: { current: 5, total: 10 },
      progress: `[${'='.repeat(25)}>${' '.repeat(25)}]       5B/10B`,
      id: 'abc',
    });
  });

  test('quiet says the id alone', async () => {
    await using api = await serve(scripted(whole));
    assert.deepEqual(await told(api, 'q=1'), { text: `${image('9')}\n`, rest: [] });
  });

  test('a failed step ends with its code, in the classic words, quiet or not', async () => {
    const message = "The command '/bin/sh -c make' returned a non-zero code: 3";
    const details = { exitCode: 3, classicMessage: message };
    const error = new BerthError('invalid', 'process "make" did not complete', { details });
    for (const query of ['', 'q=1']) {
      await using api = await serve(scripted(whole.slice(0, 6), error));
      const { text, rest } = await told(api, query);
      assert.match(text, /made\n$/);
      assert.deepEqual(rest, [{ errorDetail: { code: 3, message }, error: message }]);
    }
  });

  test('a step that fails beside an unfinished one is told', async () => {
    const events = [plan, started(1), started(2), output(2, 'stdout', 'made\n')];
    await using api = await serve(scripted(events, new Error('no luck')));
    const { text, rest } = await told(api);
    assert.equal(text, 'Step 1/3 : FROM busybox\nStep 2/3 : RUN make\nmade\n');
    assert.deepEqual(rest, [{ errorDetail: { message: 'no luck' }, error: 'no luck' }]);
  });

  test('a Dockerfile that cannot be read is an ordinary error', async () => {
    const message = 'dockerfile parse error on line 2: unknown instruction: FOO';
    await using api = await serve(scripted([], invalid(message)));
    const { status, body } = await api.ask('POST', '/build', { body: 'a tar' });
    assert.deepEqual([status, JSON.parse(body)], [400, { message }]);
  });
});

describe('what a build asks for', () => {
  async function asked(query: string, headers: Record<string, string> = {}) {
    let seen: BuildRequest | undefined;
    let context = '';
    await using api = await serve(async (wanted) => {
      seen = wanted;
      if (wanted.context.kind === 'tar') {
        context = (await collect(wanted.context.stream, 1000)).toString();
      }
      throw invalid('seen');
    });
    const { status } = await api.ask('POST', `/build?${query}`, { body: 'a tar', headers });
    assert.equal(status, 400);
    return { seen: seen!, context };
  }

  test('defaults', async () => {
    const { seen, context } = await asked('');
    assert.equal(context, 'a tar');
    assert.deepEqual(seen.dockerfile, { path: 'Dockerfile' });
    assert.deepEqual(seen.tags, []);
    assert.equal(seen.noCache, false);
    assert.deepEqual(seen.auth, {});
  });

  test('everything', async () => {
    const config = { 'https://index.docker.io/v1/': { username: 'u', password: 'p' } };
    const query = new URLSearchParams({
      dockerfile: 'sub/Dockerfile',
      remote: 'https://example.org/a.git#main:sub',
      nocache: '1',
      pull: '1',
      buildargs: '{"A":"b","UNSET":null}',
      labels: '{"l":"m"}',
      target: 'final',
      memory: '100000000',
      memswap: '-1',
      cpushares: '5',
      cpusetcpus: '0-1',
      shmsize: '67108864',
      networkmode: 'none',
      platform: 'linux/arm64',
      extrahosts: 'a:1.2.3.4,b:::1',
      ulimits: '[{"Name":"nofile","Soft":1,"Hard":2}]',
      cachefrom: '["reg:5000/cache"]',
    });
    const { seen } = await asked(String(query), {
      'x-registry-config': Buffer.from(JSON.stringify(config)).toString('base64url'),
    });
    assert.deepEqual(seen.context, { kind: 'remote', url: 'https://example.org/a.git#main:sub' });
    assert.deepEqual(seen.dockerfile, { path: 'sub/Dockerfile' });
    assert.deepEqual([seen.noCache, seen.pull, seen.target], [true, true, 'final']);
    assert.deepEqual({ ...seen.buildArgs }, { A: 'b', UNSET: undefined });
    assert.deepEqual(seen.labels, { l: 'm' });
    assert.deepEqual(seen.platform, { os: 'linux', architecture: 'arm64' });
    assert.deepEqual(seen.extraHosts, ['a:1.2.3.4', 'b:::1']);
    assert.equal(seen.limits?.memoryBytes, 1e8);
    assert.equal(seen.limits?.memorySwapBytes, -1);
    assert.deepEqual(seen.limits?.ulimits, [{ name: 'nofile', soft: 1, hard: 2 }]);
    assert.equal(seen.shmSizeBytes, 67108864);
    const auth = seen.auth as Readonly<Record<string, RegistryLogin>>;
    assert.equal(auth['docker.io']?.username, 'u');
    assert.equal(seen.cacheFrom?.length, 1);
  });

  for (const [query, message] of [
    ['t=BAD', /invalid reference format/],
    [`t=a@${image('1')}`, /cannot contain a digest/],
    ['version=9', /^invalid version "9"$/],
    ['buildargs=x', /^error reading build args: /],
    ['buildargs=[]', /^error reading build args: /],
    ['labels={"a":1}', /^error reading labels: /],
    ['extrahosts=bad', /^bad format for add-host: "bad"$/],
    ['squash=1', /^squash is only supported with experimental mode$/],
    ['platform=none', /^"none": unknown operating system or architecture: invalid argument$/],
    ['outputs=x', /^invalid outputs specified: /],
    ['outputs=[{}]', /^invalid outputs specified: /],
    ['remote=client-session', /needs version=2 and a session/],
    ['memory=x', /strconv/],
    ['platform=a/b/c/d', /cannot parse platform/],
  ] as const) {
    test(`${query} is refused`, async () => {
      await using api = await serve(scripted([]));
      const { status, body } = await api.ask('POST', encodeURI(`/build?${query}`));
      assert.equal(status, 400);
      assert.match((JSON.parse(body) as { message: string }).message, message);
    });
  }
});

describe('cancelling', () => {
  const untilAborted: Build = async (_request, { onEvent, signal }) => {
    onEvent(plan);
    onEvent(started(1));
    await once(signal!, 'abort');
    throw canceled('build: canceled');
  };

  test('by its id', async () => {
    await using api = await serve(untilAborted);
    const outgoing = httpRequest({
      socketPath: api.path,
      method: 'POST',
      path: '/build?buildid=b1',
      agent: false,
    }).end();
    const [response] = await once(outgoing, 'response');
    assert.equal((await api.ask('POST', '/build/cancel?id=b1')).status, 200);
    const text = (await collect(response, 1000)).toString();
    assert.match(text, /"error":"build: canceled"/);
    assert.equal((await api.ask('POST', '/build/cancel?id=unknown')).status, 200);
    assert.equal((await api.ask('POST', '/build/cancel')).status, 400);
  });

  test('by closing the connection', async () => {
    const ended = Promise.withResolvers<void>();
    await using api = await serve(async (wanted, options) => {
      try {
        return await untilAborted(wanted, options);
      } finally {
        ended.resolve();
      }
    });
    const outgoing = httpRequest({
      socketPath: api.path,
      method: 'POST',
      path: '/build',
      agent: false,
    });
    outgoing.on('error', () => {});
    const [response] = await once(outgoing.end(), 'response');
    response.on('error', () => {});
    outgoing.destroy();
    await ended.promise;
  });
});

test('prune passes its filters on', async () => {
  const seen: unknown[] = [];
  await using api = await serve(scripted([]), {
    async prune(options) {
      seen.push(options);
      return { deleted: ['k'], reclaimedBytes: 7 };
    },
  });
  const filters = encodeURIComponent(
    '{"unused-for":["24h"],"type":["regular"],"private":["true"]}',
  );
  assert.deepEqual(
    await api.askJson('POST', `/build/prune?all=1&keep-storage=10&filters=${filters}`),
    { CachesDeleted: ['k'], SpaceReclaimed: 7 },
  );
  assert.deepEqual(seen, [
    {
      all: true,
      keepBytes: 10,
      unusedForMs: 86_400_000,
      ids: undefined,
      type: 'regular',
      inUse: undefined,
      shared: false,
      description: undefined,
    },
  ]);
});
