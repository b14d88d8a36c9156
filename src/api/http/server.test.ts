import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { collect, invalid, notFound } from '../../core/index.ts';
import { serveApi } from './http-fixture.ts';
import { bytes, empty, json, jsonLines, text } from './reply.ts';
import { del, get, post, type RouteTable } from './route.ts';
import { statusOf } from './status.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-api-'));
after(() => rmSync(folder, { recursive: true }));
let sockets = 0;
const freshPath = () => join(folder, `${++sockets}.sock`);

const renderError = (error: unknown) =>
  json({ message: (error as Error).message }, statusOf(error));

const serve = (table: Partial<RouteTable>) =>
  serveApi({ tables: [{ routes: [], renderError, ...table }] });

describe('routing', () => {
  const routes = [
    get('/containers/:id/json', ({ params, version, query }) =>
      json({ ...params, version, all: query.flag('all') }),
    ),
    get('/images/json', () => text('list')),
    get('/images/:name+/json', ({ params }) => json(params)),
    del('/images/:name+', ({ params }) => json(params)),
    post('/echo', async (asked) => json(await asked.json())),
    post('/maybe', async (asked) => json({ body: (await asked.json({ optional: true })) ?? null })),
    post('/upload', async (asked) => json((await collect(asked.body, 1e9)).length)),
    get('/missing', () => {
      throw notFound('No such container: x');
    }),
    post('/none', () => empty(204)),
  ];
  const cases: [string, string, { status: number; body: unknown }, string?][] = [
    [
      'GET',
      '/v1.43/containers/a/json?all=1',
      { status: 200, body: { id: 'a', version: '1.43', all: true } },
    ],
    ['GET', '/containers//a/json', { status: 200, body: { id: 'a', all: false } }],
    ['GET', '/images/a/json', { status: 200, body: { name: 'a' } }],
    [
      'GET',
      '/v1.50/images/host:5000/b/c:t/json?x=1',
      { status: 200, body: { name: 'host:5000/b/c:t' } },
    ],
    ['GET', '/images/a%2Fb/json', { status: 200, body: { name: 'a/b' } }],
    ['DELETE', '/images/a/b@sha256:00', { status: 200, body: { name: 'a/b@sha256:00' } }],
    ['GET', '/nope', { status: 404, body: { message: 'page not found' } }],
    ['PUT', '/images/json', { status: 404, body: { message: 'page not found' } }],
    ['HEAD', '/images/json', { status: 404, body: '' }],
    ['GET', '/images/%zz/json', { status: 404, body: { message: 'page not found' } }],
    ['GET', '/missing', { status: 404, body: { message: 'No such container: x' } }],
    ['POST', '/none', { status: 204, body: '' }],
    ['POST', '/echo', { status: 200, body: { a: 1 } }, '{"a":1}'],
    [
      'POST',
      '/echo',
      { status: 400, body: { message: 'invalid JSON: got EOF while reading request body' } },
      '',
    ],
    ['POST', '/maybe', { status: 200, body: { body: null } }, ''],
  ];
  for (const [method, path, expected, sent] of cases) {
    test(`${method} ${path} ${sent ?? ''}`, async () => {
      await using api = await serve({ routes });
      const headers: Record<string, string> =
        sent === undefined ? {} : { 'content-type': 'application/json' };
      const { status, body } = await api.ask(method, path, { body: sent, headers });
      assert.equal(status, expected.status);
      assert.deepEqual(body.startsWith('{') ? JSON.parse(body) : body, expected.body);
    });
  }

  test('a JSON body must be JSON and say so', async () => {
    await using api = await serve({ routes });
    const broken = await api.ask('POST', '/echo', {
      body: '{bad',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(broken.status, 400);
    assert.match(JSON.parse(broken.body).message, /^invalid JSON: /);
    for (const type of ['text/plain', 'x']) {
      const wrong = await api.ask('POST', '/echo', {
        body: '{}',
        headers: { 'content-type': type },
      });
      assert.equal(wrong.status, 400);
      assert.match(JSON.parse(wrong.body).message, /unsupported Content-Type header/);
    }
    const untyped = await api.ask('POST', '/echo', { body: '{}' });
    assert.equal(untyped.status, 400);
    const huge = await api.ask('POST', '/echo', {
      body: `"${'x'.repeat(9 << 20)}"`,
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(huge.status, 400);
  });

  test('a long URL and long headers come through', async () => {
    await using api = await serve({ routes });
    const { status, body } = await api.ask(
      'GET',
      `/containers/a/json?x=${'y'.repeat(200_000)}&all=1`,
      {
        headers: { 'x-registry-config': 'z'.repeat(200_000) },
      },
    );
    assert.deepEqual([status, JSON.parse(body)], [200, { id: 'a', all: true }]);
  });

  test('a large body is streamed to its handler', async () => {
    await using api = await serve({ routes });
    const { body } = await api.ask('POST', '/upload', { body: 'x'.repeat(20 << 20) });
    assert.equal(Number(body), 20 << 20);
  });
});

describe('streams', () => {
  test('the head of an at-once stream arrives before its first byte', async () => {
    const gate = Promise.withResolvers<void>();
    async function* later() {
      await gate.promise;
      yield { done: true };
    }
    await using api = await serve({ routes: [get('/s', () => jsonLines(later()))] });
    const outgoing = request({ socketPath: api.path, path: '/s', agent: false }).end();
    const [response] = await once(outgoing, 'response');
    assert.equal(response.statusCode, 200);
    gate.resolve();
    assert.equal((await collect(response, 100)).toString(), '{"done":true}\r\n');
  });

  test('a failure before the first chunk has its own status, a later one breaks the stream', async () => {
    async function* early(): AsyncGenerator<Uint8Array> {
      yield* [];
      throw invalid('too early');
    }
    async function* late() {
      yield Buffer.from('a');
      throw invalid('too late');
    }
    await using api = await serve({
      routes: [
        get('/early', () => bytes(early(), 'x/y')),
        get('/late', () => bytes(late(), 'x/y')),
      ],
    });
    const refused = await api.ask('GET', '/early');
    assert.equal(refused.status, 400);
    assert.equal(refused.headers['content-type'], 'application/json');
    await assert.rejects(api.ask('GET', '/late'), /aborted|hang up/);
  });

  test('a client that leaves aborts the signal of its handler', async () => {
    const left = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    await using api = await serve({
      routes: [
        get('/wait', async ({ signal }) => {
          started.resolve();
          await once(signal, 'abort');
          left.resolve();
          return empty(204);
        }),
      ],
    });
    const outgoing = request({ socketPath: api.path, path: '/wait', agent: false }).end();
    outgoing.on('error', () => {});
    await started.promise;
    outgoing.destroy();
    await left.promise;
  });

  test('a slow reader slows the stream down', async () => {
    let produced = 0;
    const left = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) {
          produced += 65536;
          yield Buffer.alloc(65536);
        }
      } finally {
        left.resolve();
      }
    }
    await using api = await serve({ routes: [get('/s', () => bytes(endless(), 'x/y'))] });
    const outgoing = request({ socketPath: api.path, path: '/s', agent: false }).end();
    const [response] = await once(outgoing, 'response');
    response.on('error', () => {});
    response.once('readable', () => response.destroy());
    await left.promise;
    assert.ok(produced < 64 << 20, `${produced} bytes were made for nobody`);
  });
});

describe('hijacked connections', () => {
  const hijacks: RouteTable['hijacks'] = [
    {
      method: 'POST',
      path: '/exec/:id/start',
      async handle(asked, connection) {
        const body = (await asked.json()) as { Detach?: boolean };
        if (asked.params.id === 'none') throw notFound('No such exec instance: none');
        if (body.Detach) return empty(200);
        const { stream } = connection;
        connection.accept('application/vnd.docker.raw-stream');
        stream.write('ready ');
        for await (const chunk of stream) stream.write(`[${chunk}]`);
        stream.write('bye');
        return undefined;
      },
    },
  ];
  const requestHead = (body: string, extra = '') =>
    `POST /v1.40/exec/e1/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;

  for (const [name, extra, statusLine] of [
    ['with Upgrade', 'Connection: Upgrade\r\nUpgrade: tcp\r\n', 'HTTP/1.1 101 UPGRADED'],
    ['without Upgrade', '', 'HTTP/1.1 200 OK'],
  ] as const) {
    test(`${name}: body, early bytes, half-close`, async () => {
      await using api = await serve({ hijacks, headers: { 'X-Common': 'yes' } });
      const { socket, until } = await api.dial();
      socket.write(`${requestHead('{"a":1}', extra)}early`);
      const received = await until(/\[early\]/);
      assert.ok(
        received.startsWith(`${statusLine}\r\nContent-Type: application/vnd.docker.raw-stream\r\n`),
      );
      assert.match(received, /X-Common: yes\r\n/);
      socket.write('GET / HTTP/1.1\r\n\r\n');
      await until(/\[GET \/ HTTP/);
      socket.end();
      await until(/bye$/);
    });
  }

  test('the body may come in pieces and in chunks', async () => {
    await using api = await serve({ hijacks });
    const { socket, until } = await api.dial();
    socket.write(
      'POST /exec/e1/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a',
    );
    for (const piece of ['\r', '\n4;x=y\r\n":1}\r\n0', '\r\n\r', '\nraw']) {
      await new Promise((resolve) => setImmediate(resolve));
      socket.write(piece);
    }
    await until(/ready \[raw\]/);
    socket.destroy();
  });

  test('ordinary answers close the connection', async () => {
    await using api = await serve({ hijacks });
    const headers = { 'content-type': 'application/json' };
    const upgrade = { connection: 'Upgrade', upgrade: 'tcp', ...headers };
    for (const asked of [headers, upgrade]) {
      const detached = await api.ask('POST', '/exec/e1/start', {
        body: '{"Detach":true}',
        headers: asked,
      });
      assert.equal(detached.status, 200);
      const missing = await api.ask('POST', '/exec/none/start', { body: '{}', headers: asked });
      assert.deepEqual([missing.status, missing.headers.connection], [404, 'close']);
      assert.deepEqual(JSON.parse(missing.body), { message: 'No such exec instance: none' });
    }
    const malformed = await api.ask('POST', '/exec/e1/start', { body: '{', headers: upgrade });
    assert.equal(malformed.status, 400);
  });

  test('a kept-alive connection can be hijacked later, and Upgrade elsewhere is ignored', async () => {
    await using api = await serve({ hijacks, routes: [get('/a', () => text('plain'))] });
    const { socket, until } = await api.dial();
    socket.write('GET /a HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    await until(/plain/);
    socket.write(requestHead('{}'));
    await until(/ready/);
    socket.destroy();
  });

  for (const [name, head] of [
    ['an oversized body', 'Content-Length: 99999999\r\n\r\n'],
    ['a bad chunk', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ] as const) {
    test(`${name} is refused`, async () => {
      await using api = await serve({ hijacks });
      const { socket, until } = await api.dial();
      socket.write(`POST /exec/e1/start HTTP/1.1\r\nHost: d\r\n${head}`);
      await until(/^HTTP\/1.1 400 /);
      socket.destroy();
    });
  }

  test('closing the server cuts hijacked connections', async () => {
    await using api = await serve({ hijacks });
    const { socket, until } = await api.dial();
    socket.write(requestHead('{}'));
    await until(/ready/);
    const ended = once(socket, 'end');
    await api.server[Symbol.asyncDispose]();
    await ended;
    socket.destroy();
  });
});

describe('listening', () => {
  test('the socket is for owner and group only and goes with the server', async () => {
    await using api = await serve({});
    assert.equal(statSync(api.path).mode & 0o777, 0o660);
    await api.server[Symbol.asyncDispose]();
    assert.equal(existsSync(api.path), false);
  });

  test('a stale socket is replaced, a live one and a plain file are not', async () => {
    const stale = freshPath();
    const dead = createNetServer();
    dead.listen(stale);
    await once(dead, 'listening');
    // A killed process leaves its socket file behind; closing would remove it.
    renameSync(stale, `${stale}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(`${stale}.kept`, stale);

    await using api = await serve({ routes: [get('/a', () => text('new'))] });
    await api.server.listen({ kind: 'unix', path: stale });
    const outgoing = request({ socketPath: stale, path: '/a', agent: false }).end();
    const [response] = await once(outgoing, 'response');
    assert.equal((await collect(response, 100)).toString(), 'new');
    await assert.rejects(
      api.server.listen({ kind: 'unix', path: api.path }),
      /another process listens there/,
    );
    const plain = freshPath();
    writeFileSync(plain, 'precious');
    await assert.rejects(api.server.listen({ kind: 'unix', path: plain }), /is not a socket/);
  });

  test('tcp too, and a taken port is a conflict', async () => {
    await using api = await serve({ routes: [get('/a', () => text('tcp'))] });
    const taken = createNetServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const address = { kind: 'tcp', host: '127.0.0.1', port } as const;
    await assert.rejects(api.server.listen(address), /address already in use/);
    await new Promise((resolve) => taken.close(resolve));
    await api.server.listen(address);
    const response = await fetch(`http://127.0.0.1:${port}/a`);
    assert.equal(await response.text(), 'tcp');
  });

  test('one connection carries many requests', async () => {
    await using api = await serve({ routes: [get('/a', () => text('x'))] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 3; i++) {
      const outgoing = request({ socketPath: api.path, path: '/a', agent }).end();
      const [response] = await once(outgoing, 'response');
      assert.equal((await collect(response, 10)).toString(), 'x');
      assert.equal(outgoing.reusedSocket, i > 0);
    }
    agent.destroy();
  });
});
