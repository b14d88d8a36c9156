import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { decodeFrames, streamOf } from '../../../core/index.ts';
import { created, json, serve } from './served-engine.ts';

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
