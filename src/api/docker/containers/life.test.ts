import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { collect } from '../../../core/index.ts';
import { created, json, serve } from './served-engine.ts';

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
