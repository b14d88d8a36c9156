import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { collect, type Digest, decodeFrames, notFound, streamOf } from '../../../core/index.ts';
import type { Container, ContainerFiles } from '../../../engine/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import { execHijacks, execRoutes } from '../exec/routes.ts';
import { FakeEngine } from './fake-engine.ts';
import type { CommitRequest, ContainerPorts } from './ports.ts';
import { containerHijacks, containerRoutes } from './routes.ts';
import { sampleContainer, sampleInsight } from './sample-container.ts';

const files: ContainerFiles = {
  async stat(ref, path) {
    if (path === '/nope') throw notFound(`Could not find the file ${path} in container ${ref}`);
    return {
      name: 'etc',
      size: 4096,
      mode: 0x800001ed,
      mtime: '2026-01-01T00:00:00Z',
      linkTarget: '',
    };
  },
  read: async (ref, path) => ({ stat: await files.stat(ref, path), archive: streamOf('a tar') }),
  write: async () => {},
  export: async () => streamOf('all ', 'files'),
};

const imageOf = (id: string, layers: string[]) =>
  ({
    id: id as Digest,
    config: { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers } },
  }) as unknown as LocalImage;
const images = new Map([
  ['busybox', imageOf(sampleContainer.imageId, ['l1'])],
  ['child', imageOf('sha256:c', ['l1', 'l2'])],
  ['other', imageOf('sha256:o', ['l9'])],
]);

async function serve(
  over: Partial<ContainerPorts> = {},
): Promise<ServedApi & { engine: FakeEngine }> {
  const engine = new FakeEngine();
  const ports: ContainerPorts = {
    containers: engine.containers,
    streams: engine.streams,
    files,
    images: {
      async resolve(name) {
        const found = images.get(name);
        if (!found) throw notFound(`No such image: ${name}`);
        return found;
      },
      list: async () => [...images.values()],
    },
    insight: sampleInsight,
    commit: async () => 'sha256:new' as Digest,
    decompress: (stream) => stream,
    cpus: 2,
    ...over,
  };
  const table = dockerTable({
    version: '0.1.0',
    routes: [...containerRoutes(ports), ...execRoutes(engine.streams)],
    hijacks: [...containerHijacks(ports), ...execHijacks(engine.streams)],
  });
  const api = await serveApi({ tables: [table], notFound: pageNotFound });
  return { ...api, engine, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

const json = { 'content-type': 'application/json' };
const created = async (api: ServedApi, name: string, body: object) =>
  (await api.askJson<{ Id: string }>('POST', `/containers/create?name=${name}`, body)).Id;

describe('life of a container', () => {
  test('create, start, wait, inspect, remove', async () => {
    await using api = await serve();
    const id = await created(api, 'one', { Image: 'busybox', Cmd: ['exit', '3'] });
    const waiting = api.askJson('POST', `/containers/${id}/wait?condition=next-exit`);
    assert.equal((await api.ask('POST', '/containers/one/start')).status, 204);
    assert.deepEqual(await waiting, { StatusCode: 3 });
    const view = await api.askJson<{ State: object }>('GET', '/containers/one/json');
    assert.deepEqual(Object.entries(view.State).slice(0, 2), [
      ['Status', 'exited'],
      ['Running', false],
    ]);
    assert.equal((await api.ask('DELETE', '/containers/one')).status, 204);
    const gone = await api.ask('GET', '/containers/one/json');
    assert.deepEqual(
      [gone.status, JSON.parse(gone.body)],
      [404, { message: 'No such container: one' }],
    );
  });

  test('the status of wait arrives before the exit', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    const outgoing = request({
      socketPath: api.path,
      method: 'POST',
      path: '/containers/one/wait?condition=next-exit',
      agent: false,
    }).end();
    const [response] = await once(outgoing, 'response');
    assert.equal(response.statusCode, 200);
    await api.ask('POST', '/containers/one/start');
    await api.ask('POST', '/containers/one/kill');
    assert.deepEqual(JSON.parse((await collect(response, 1000)).toString()), { StatusCode: 137 });
  });

  test('a verb that finds its work done answers 304', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    assert.equal((await api.ask('POST', '/containers/one/stop')).status, 304);
    await api.ask('POST', '/containers/one/start');
    assert.equal((await api.ask('POST', '/containers/one/start')).status, 304);
    assert.equal((await api.ask('POST', '/containers/one/pause')).status, 204);
    assert.equal((await api.ask('POST', '/containers/one/unpause')).status, 204);
    assert.equal((await api.ask('DELETE', '/containers/one')).status, 409);
    assert.equal((await api.ask('DELETE', '/containers/one?force=1')).status, 204);
  });

  test('options of the verbs reach the engine', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    for (const [verb, options, given] of [
      ['stop', '?t=5&signal=INT', { timeoutS: 5, signal: 'INT' }],
      ['stop', '?t=-1', { timeoutS: -1, signal: undefined }],
      ['restart', '', { timeoutS: undefined, signal: undefined }],
      ['kill', '?signal=USR1', 'USR1'],
    ] as const) {
      await api.ask('POST', '/containers/one/start');
      assert.equal((await api.ask('POST', `/containers/one/${verb}${options}`)).status < 400, true);
      assert.deepEqual(api.engine.calls.at(-1), { verb, ref: 'one', given });
    }
  });

  for (const [method, path, status, message] of [
    ['POST', '/containers/one/wait?condition=foo', 400, 'invalid condition: "foo"'],
    ['POST', '/containers/one/rename', 400, 'Neither old nor new names may be empty'],
    [
      'POST',
      '/containers/one/kill?signal=FOO',
      400,
      'cannot kill container: one: invalid signal: FOO',
    ],
    ['POST', '/containers/one/stop?t=x', 400, 'strconv.Atoi: parsing "x": invalid syntax'],
    ['POST', '/containers/one/resize?h=a&w=3', 400, 'invalid resize height "a": invalid syntax'],
    ['GET', '/containers/one/logs', 400, 'Bad parameters: you must choose at least one stream'],
    ['GET', '/containers/nope/logs?stdout=1', 404, 'No such container: nope'],
    ['GET', '/containers/one/archive', 400, 'bad parameter: path cannot be empty'],
    [
      'GET',
      '/containers/one/archive?path=/nope',
      404,
      'Could not find the file /nope in container one',
    ],
    ['GET', '/containers/json?filters={"foo":["a"]}', 400, "invalid filter 'foo'"],
    [
      'GET',
      '/containers/json?filters={"status":["foo"]}',
      400,
      "invalid filter 'status=foo': invalid value for state (foo): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
    ['GET', '/containers/json?filters={"before":["nope"]}', 404, 'No such container: nope'],
    ['POST', '/containers/one/exec', 400, 'invalid JSON: got EOF while reading request body'],
    ['GET', '/exec/nope/json', 404, 'No such exec instance: nope'],
  ] as const) {
    test(`${method} ${path} is ${status}`, async () => {
      await using api = await serve();
      await created(api, 'one', { Image: 'busybox' });
      const { status: actual, body } = await api.ask(method, encodeURI(path));
      assert.deepEqual([actual, JSON.parse(body)], [status, { message }]);
    });
  }

  test('create answers with the id and warnings, or as Docker refuses', async () => {
    await using api = await serve();
    const answer = await api.askJson<{ Warnings: string[] }>('POST', '/containers/create', {
      Image: 'busybox',
      HostConfig: { NetworkMode: 'host', PortBindings: { '80/tcp': [] } },
    });
    assert.deepEqual(answer.Warnings, [
      'Published ports are discarded when using host network mode',
    ]);
    const limited = await api.askJson<{ Warnings: string[] }>('POST', '/containers/create', {
      Image: 'busybox',
      HostConfig: {
        BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1 }],
        BlkioDeviceWriteBps: [],
        BlkioWeightDevice: null,
      },
    });
    assert.deepEqual(limited.Warnings, ['BlkioDeviceReadBps is not supported. Limit discarded.']);
    const isolated = { Image: 'busybox', HostConfig: { Isolation: 'hyperv' } };
    await assert.rejects(api.askJson('POST', '/containers/create', isolated), /invalid isolation/);
    assert.equal(api.engine.containers.list().length, 2);
    const foreign = await api.ask('POST', '/containers/create?platform=linux/arm64', {
      body: '{"Image":"busybox"}',
      headers: json,
    });
    assert.equal(foreign.status, 404);
    assert.match(foreign.body, /its platform \(linux\/amd64\) does not match .*\(linux\/arm64\)/);
    const missing = await api.ask('POST', '/containers/create', {
      body: '{"Image":"missing"}',
      headers: json,
    });
    assert.deepEqual(
      [missing.status, JSON.parse(missing.body)],
      [404, { message: 'No such image: missing:latest' }],
    );
  });

  test('update changes limits, after checking them', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox' });
    const answer = await api.askJson('POST', '/containers/one/update', {
      Memory: 1e8,
      Binds: ['x'],
    });
    assert.deepEqual(answer, { Warnings: null });
    assert.equal(api.engine.containers.get('one').hostConfig.Memory, 1e8);
    assert.equal(api.engine.containers.get('one').hostConfig.Binds, undefined);
    await assert.rejects(api.askJson('POST', '/containers/one/update', { Memory: 1 }), /6MB/);
  });
});

describe('list', () => {
  const container = (name: string, over: Partial<Container>): Container => ({
    ...sampleContainer,
    id: name.padEnd(64, '0'),
    name,
    ...over,
  });
  const finished = { startedAtMs: 1, finishedAtMs: 2, oomKilled: false };
  const some = [
    container('oldest', {
      createdAtMs: 1000,
      state: { kind: 'exited', exit: { code: 3, ...finished } },
      health: undefined,
      config: { Image: 'gone', Labels: { x: 'other' } },
      mounts: [],
      imageId: 'sha256:c' as Digest,
    }),
    container('middle', { createdAtMs: 2000 }),
    container('newest', { createdAtMs: 3000, state: { kind: 'created' }, endpoints: {} }),
  ];
  for (const [query, expected] of [
    ['', ['middle']],
    ['all=1', ['newest', 'middle', 'oldest']],
    ['limit=2', ['newest', 'middle']],
    ['filters={"status":["exited","created"]}', ['newest', 'oldest']],
    ['all=1&filters={"name":["^/old"]}', ['oldest']],
    ['all=1&filters={"name":["[bad"]}', []],
    ['all=1&filters={"id":["midd"]}', ['middle']],
    ['all=1&filters={"label":["x=y"]}', ['newest', 'middle']],
    ['all=1&filters={"label":["x","z"]}', []],
    ['filters={"exited":["3"]}', ['oldest']],
    ['filters={"exited":["0"]}', []],
    ['filters={"before":["middle"]}', ['oldest']],
    ['filters={"since":["middle"]}', ['newest']],
    ['all=1&filters={"ancestor":["busybox"]}', ['newest', 'middle', 'oldest']],
    ['all=1&filters={"ancestor":["child"]}', ['oldest']],
    ['all=1&filters={"ancestor":["nope"]}', []],
    ['all=1&filters={"volume":["v1"]}', ['newest', 'middle']],
    ['all=1&filters={"volume":["/data/"]}', ['newest', 'middle']],
    ['all=1&filters={"network":["n1"]}', ['middle', 'oldest']],
    ['all=1&filters={"network":["57be"]}', ['middle', 'oldest']],
    ['all=1&filters={"health":["healthy"]}', ['newest', 'middle']],
    ['all=1&filters={"health":["none"]}', ['oldest']],
    ['all=1&filters={"publish":["8000-9000"]}', ['middle']],
    ['all=1&filters={"publish":["80"]}', []],
    ['all=1&filters={"expose":["99/tcp"]}', ['middle']],
    ['all=1&filters={"expose":["81/udp"]}', ['middle']],
    ['all=1&filters={"is-task":["true"]}', []],
    ['all=1&filters={"name":{"middle":true}}', ['middle']],
  ] as const) {
    test(query === '' ? 'running ones' : query, async () => {
      await using api = await serve();
      for (const one of some) api.engine.add(one);
      const list = await api.askJson<{ Names: string[] }[]>(
        'GET',
        encodeURI(`/containers/json?${query}`),
      );
      assert.deepEqual(
        list.map(({ Names }) => Names[0]),
        expected.map((name) => `/${name}`),
      );
    });
  }

  test('the image has its name as long as that still means it', async () => {
    await using api = await serve();
    for (const one of some) api.engine.add(one);
    const list = await api.askJson<{ Image: string }[]>('GET', '/containers/json?all=1');
    assert.deepEqual(
      list.map(({ Image }) => Image),
      ['busybox', 'busybox', 'sha256:c'],
    );
  });

  test('prune takes what is over and passes', async () => {
    await using api = await serve();
    for (const one of some) api.engine.add(one);
    const filters = encodeURIComponent('{"label!":["x=other"]}');
    assert.deepEqual(await api.askJson('POST', `/containers/prune?filters=${filters}`), {
      ContainersDeleted: [some[2]!.id],
      SpaceReclaimed: 0,
    });
    assert.deepEqual(await api.askJson('POST', '/containers/prune'), {
      ContainersDeleted: [some[0]!.id],
      SpaceReclaimed: 0,
    });
    assert.deepEqual(await api.askJson('POST', '/containers/prune'), {
      ContainersDeleted: null,
      SpaceReclaimed: 0,
    });
  });
});

describe('logs', () => {
  const time = '2026-01-01T00:00:00.000000001Z';
  const line = (stream: 'stdout' | 'stderr', text: string) => ({
    stream,
    time,
    bytes: Buffer.from(text),
    attributes: { b: '2', a: '1 x' },
  });
  async function withLog(body: object) {
    const api = await serve();
    await created(api, 'one', { Image: 'busybox', ...body });
    api.engine.log('one', [
      line('stdout', 'out\n'),
      line('stderr', 'err\n'),
      line('stdout', 'end'),
    ]);
    return api;
  }

  test('frames tell the streams apart', async () => {
    await using api = await withLog({});
    const { headers, body } = await api.ask('GET', '/containers/one/logs?stdout=1&stderr=1');
    assert.equal(headers['content-type'], 'application/vnd.docker.multiplexed-stream');
    const frames = await Array.fromAsync(decodeFrames(streamOf(body)));
    assert.deepEqual(
      frames.map(({ stream, bytes }) => [stream, Buffer.from(bytes).toString()]),
      [
        ['stdout', 'out\n'],
        ['stderr', 'err\n'],
        ['stdout', 'end'],
      ],
    );
  });

  test('a terminal has one raw stream, with times and details when asked', async () => {
    await using api = await withLog({ Tty: true });
    const query = 'stdout=1&stderr=0&timestamps=1&details=1&tail=1';
    const { headers, body } = await api.ask('GET', `/containers/one/logs?${query}`);
    assert.equal(headers['content-type'], 'application/vnd.docker.raw-stream');
    assert.equal(body, `${time} a=1%20x,b=2 end`);
  });

  test('before API 1.42 there is one content type', async () => {
    await using api = await withLog({});
    const { headers } = await api.ask('GET', '/v1.41/containers/one/logs?stdout=1');
    assert.equal(headers['content-type'], 'application/vnd.docker.raw-stream');
  });

  test('following goes on until the container ends', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['shell'], Tty: true });
    await api.ask('POST', '/containers/one/start');
    const following = api.ask('GET', '/containers/one/logs?stdout=1&follow=1');
    await api.ask('POST', '/containers/one/kill');
    assert.equal((await following).body, '$ ');
  });
});

describe('attach and exec', () => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

  test('attach joins before the start, and half-closes', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['cat'] });
    const { socket, until } = await api.dial();
    socket.write(
      `POST /v1.50/containers/one/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${upgrade}\r\n`,
    );
    const head = await until(/\r\n\r\n/);
    assert.match(
      head,
      /^HTTP\/1.1 101 UPGRADED\r\nContent-Type: application\/vnd.docker.multiplexed-stream\r\n/,
    );
    await api.ask('POST', '/containers/one/start');
    socket.write('typed');
    await until(/\x01\0\0\0\0\0\0\x05typed$/);
    socket.end();
    await until(/\[end of input\]\n$/);
    await once(socket, 'close');
  });

  test('a terminal is raw, and keeps running when its client leaves', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['shell'], Tty: true });
    await api.ask('POST', '/containers/one/start');
    assert.equal((await api.ask('POST', '/containers/one/resize?h=24&w=80')).status, 200);
    const { socket, until } = await api.dial();
    socket.write(
      `POST /containers/one/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: d\r\n\r\nsize\r`,
    );
    const received = await until(/24x80/);
    assert.match(
      received,
      /^HTTP\/1.1 200 OK\r\nContent-Type: application\/vnd.docker.raw-stream\r\n/,
    );
    socket.write('\x10\x11');
    await once(socket, 'end');
    assert.equal(api.engine.containers.get('one').state.kind, 'running');
    socket.destroy();
  });

  test('attach to an unknown container is an ordinary error', async () => {
    await using api = await serve();
    const { status, body } = await api.ask('POST', '/containers/nope/attach?stream=1', {
      headers: { connection: 'Upgrade', upgrade: 'tcp' },
    });
    assert.deepEqual([status, JSON.parse(body)], [404, { message: 'No such container: nope' }]);
  });

  test('an exec runs on its connection', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    await api.ask('POST', '/containers/one/start');
    const body = { Cmd: ['cat', 'a'], AttachStdin: true, AttachStdout: true, User: 'u' };
    const { Id } = await api.askJson<{ Id: string }>('POST', '/containers/one/exec', body);
    const { socket, until } = await api.dial();
    socket.write(
      `POST /exec/${Id}/start HTTP/1.1\r\nHost: d\r\n${upgrade}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}early`,
    );
    await until(/early$/);
    const running = await api.askJson<Record<string, unknown>>('GET', `/exec/${Id}/json`);
    assert.deepEqual([running.Running, running.ExitCode], [true, null]);
    socket.end();
    await until(/\[end of input\]\n$/);
    assert.deepEqual(await api.askJson('GET', `/exec/${Id}/json`), {
      ID: Id,
      Running: false,
      ExitCode: 0,
      ProcessConfig: {
        tty: false,
        entrypoint: 'cat',
        arguments: ['a'],
        privileged: false,
        user: 'u',
      },
      OpenStdin: true,
      OpenStderr: false,
      OpenStdout: true,
      CanRemove: false,
      ContainerID: api.engine.containers.get('one').id,
      DetachKeys: '',
      Pid: 0,
    });
    const again = await api.ask('POST', `/exec/${Id}/start`, { body: '{}', headers: json });
    assert.match(again.body, /has already run\r\n$/);
    const detached = await api.ask('POST', `/exec/${Id}/start`, {
      body: '{"Detach":true}',
      headers: json,
    });
    assert.equal(detached.status, 409);
  });

  test('an exec needs a command and a running container', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox' });
    const exec = (body: object) => api.askJson('POST', '/containers/one/exec', body);
    await assert.rejects(exec({}), /No exec command specified/);
    await assert.rejects(exec({ Cmd: ['true'] }), /409 .*is not running/);
    const start = await api.ask('POST', '/exec/nope/start', { body: '{}', headers: json });
    assert.equal(start.status, 404);
  });
});

describe('files and the rest', () => {
  test('archive: stat in a header, a tar out, a tar in', async () => {
    const written: unknown[] = [];
    await using api = await serve({
      files: {
        ...files,
        async write(ref, path, archive, options) {
          written.push(ref, path, (await collect(archive, 100)).toString(), options);
        },
      },
    });
    await created(api, 'one', { Image: 'busybox' });
    const head = await api.ask('HEAD', '/containers/one/archive?path=/etc');
    const stat = Buffer.from(String(head.headers['x-docker-container-path-stat']), 'base64');
    assert.deepEqual(JSON.parse(stat.toString()), await files.stat('one', '/etc'));
    const read = await api.ask('GET', '/containers/one/archive?path=/etc');
    assert.deepEqual([read.headers['content-type'], read.body], ['application/x-tar', 'a tar']);
    assert.ok(read.headers['x-docker-container-path-stat']);
    const write = await api.ask(
      'PUT',
      '/containers/one/archive?path=/tmp&noOverwriteDirNonDir=true&copyUIDGID=false',
      { body: 'tar in' },
    );
    assert.equal(write.status, 200);
    const options = { noOverwriteDirNonDir: true, copyUidGid: false };
    assert.deepEqual(written, ['one', '/tmp', 'tar in', options]);
    assert.equal((await api.ask('GET', '/containers/one/export')).body, 'all files');
  });

  test('top, changes, stats', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    await api.ask('POST', '/containers/one/start');
    assert.deepEqual(await api.askJson('GET', '/containers/one/top'), {
      Processes: [['1', '-ef']],
      Titles: ['PID', 'ARGS'],
    });
    assert.deepEqual(await api.askJson('GET', '/containers/one/changes'), [
      { Path: '/etc', Kind: 0 },
      { Path: '/etc/new', Kind: 1 },
      { Path: '/tmp/gone', Kind: 2 },
    ]);
    const stats = await api.askJson<Record<string, unknown>>(
      'GET',
      '/containers/one/stats?stream=0&one-shot=1',
    );
    assert.equal(stats.name, '/one');
    assert.deepEqual(stats.pids_stats, { current: 3, limit: 100 });
    assert.deepEqual(stats.memory_stats, {
      usage: 1000,
      stats: { inactive_file: 10 },
      limit: 5000,
    });
    assert.equal(stats.preread, '0001-01-01T00:00:00Z');
  });

  test('streamed stats carry the reading before', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['sleep'] });
    await api.ask('POST', '/containers/one/start');
    const outgoing = request({
      socketPath: api.path,
      path: '/containers/one/stats',
      agent: false,
    }).end();
    const [response] = await once(outgoing, 'response');
    let text = '';
    for await (const chunk of response) {
      text += chunk;
      if (text.split('\r\n').length > 2) break;
    }
    const [first, second] = text.split('\r\n').map((line) => JSON.parse(line || '{}'));
    assert.equal(first.precpu_stats.cpu_usage.total_usage, 0);
    assert.equal(second.precpu_stats.cpu_usage.total_usage, 5);
  });

  test('commit reads its query and an optional configuration', async () => {
    const asked: CommitRequest[] = [];
    await using api = await serve({
      async commit(wanted) {
        asked.push(wanted);
        return 'sha256:new' as Digest;
      },
    });
    const id = await created(api, 'one', { Image: 'busybox' });
    const query =
      'container=one&repo=r&tag=t&author=me&comment=c&pause=0&changes=ENV%20A=b%0ACMD%20x';
    const answer = await api.ask('POST', `/commit?${query}`, {
      body: '{"Env":["X=y"]}',
      headers: json,
    });
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [201, { Id: 'sha256:new' }]);
    assert.deepEqual(asked, [
      {
        container: id,
        reference: { domain: 'docker.io', path: 'library/r', tag: 't' },
        author: 'me',
        comment: 'c',
        changes: ['ENV A=b', 'CMD x'],
        pause: false,
        config: { Env: ['X=y'] },
      },
    ]);
    assert.equal((await api.ask('POST', '/commit?container=one')).status, 201);
    assert.equal(asked[1]?.config, undefined);
    assert.equal((await api.ask('POST', '/commit?container=none')).status, 404);
  });
});
