import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestOf, internal } from '../../core/index.ts';
import type { RepositoryName } from '../repository-name.ts';
import { openAccess } from './access-control.ts';
import { memoryStorage } from './memory-storage.ts';
import { createRegistryServer } from './registry-server.ts';
import { rawConnection, send, withServer } from './server-fixture.ts';
import type { RegistryStorage } from './storage.ts';

const repository = 'team/app' as RepositoryName;
const uploads = `/v2/${repository}/blobs/uploads/`;

async function startUpload(address: string): Promise<string> {
  const { headers } = await send(address, 'POST', uploads);
  return headers.location!;
}

/** Asks until the upload has so many bytes: the server reads at its own pace. */
async function reached(address: string, location: string, range: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const { headers } = await send(address, 'GET', location);
    if (headers.range === range) return;
    await new Promise(setImmediate);
  }
  assert.fail(`${location} never reached ${range}`);
}

const partialPatch = (location: string, body: string) =>
  `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n${body}`;

describe('an upload whose connection', () => {
  test('breaks keeps what came, and goes on', () =>
    withServer({}, async ({ address, storage }) => {
      const location = await startUpload(address);
      const socket = await rawConnection(address, partialPatch(location, 'half a '));
      await reached(address, location, '0-6');
      socket.destroy();
      const headers = { 'content-range': '7-10' };
      const patch = await send(address, 'PATCH', location, { headers, body: 'blob' });
      assert.equal(patch.status, 202);
      const digest = digestOf('half a blob');
      const { status } = await send(address, 'PUT', `${location}?digest=${digest}`);
      assert.equal(status, 201);
      assert.equal(await storage.blobs.sizeOf(repository, digest), 11);
    }));

  test('is silent is taken over by the next request', () =>
    withServer({}, async ({ address }) => {
      const location = await startUpload(address);
      const socket = await rawConnection(address, partialPatch(location, 'half a '));
      await reached(address, location, '0-6');
      const closed = once(socket, 'close');
      const patch = await send(address, 'PATCH', location, { body: 'blob' });
      assert.equal(patch.status, 202);
      assert.equal(patch.headers.range, '0-10');
      await closed;
    }));

  test('ends in one POST leaves nothing behind', () =>
    withServer({}, async ({ address, storage }) => {
      const path = `${uploads}?digest=${digestOf('never all of it')}`;
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n`;
      const socket = await rawConnection(address, `${head}some`);
      socket.end();
      await once(socket.resume(), 'close');
      assert.equal(await storage.uploads.expire(Number.POSITIVE_INFINITY), 0);
    }));
});

describe('lengths', () => {
  test('a body larger than its Content-Range is cut off', () =>
    withServer({}, async ({ address }) => {
      const location = await startUpload(address);
      const headers = { 'content-range': '0-3', 'transfer-encoding': 'chunked' };
      const reply = await send(address, 'PATCH', location, { headers, body: 'too long' });
      assert.equal(reply.status, 400);
      assert.match(reply.text, /SIZE_INVALID/);
      await reached(address, location, '0-0');
    }));

  test('a body smaller than its Content-Range is told', () =>
    withServer({}, async ({ address }) => {
      const location = await startUpload(address);
      const headers = { 'content-range': '0-9', 'transfer-encoding': 'chunked' };
      const reply = await send(address, 'PATCH', location, { headers, body: 'short' });
      assert.equal(reply.status, 400);
      await reached(address, location, '0-4');
    }));

  test('a blob beyond the limit is 413, announced or not', () =>
    withServer({ blobLimitBytes: 10 }, async ({ address }) => {
      const location = await startUpload(address);
      const announced = await send(address, 'PATCH', location, { body: 'x'.repeat(11) });
      assert.equal(announced.status, 413);
      const headers = { 'transfer-encoding': 'chunked' };
      const streamed = await send(address, 'PATCH', location, { headers, body: 'x'.repeat(11) });
      assert.equal(streamed.status, 400);
      assert.equal((await send(address, 'PATCH', location, { body: 'x'.repeat(10) })).status, 202);
    }));
});

describe('hostile requests', () => {
  for (const [what, text, status] of [
    ['no HTTP', 'hello\r\n\r\n', 400],
    [
      'two lengths',
      'GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'a length and chunks',
      'POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a huge header', `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a broken escape', 'GET /v2/%zz/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a path that climbs', 'GET /v2/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n', 404],
    ['a NUL in the name', 'GET /v2/a%00b/tags/list HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ] as const) {
    test(`${what} is ${status}`, () =>
      withServer({}, async ({ address, errors }) => {
        const socket = await rawConnection(address, text);
        const [reply] = await once(socket, 'data');
        assert.match(String(reply), new RegExp(`^HTTP/1.1 ${status} `));
        socket.destroy();
        assert.deepEqual(errors, []);
      }));
  }

  test('a refused body is not waited for', () =>
    withServer({}, async ({ address }) => {
      const head = `PUT /v2/a/manifests/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n`;
      const socket = await rawConnection(address, head);
      const [reply] = await once(socket, 'data');
      assert.match(String(reply), /^HTTP\/1.1 413 /);
      socket.destroy();
    }));
});

describe('a client that waits to be told to send', () => {
  const head = (path: string) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n`;

  test('is told when its body is wanted', () =>
    withServer({}, async ({ address }) => {
      const path = `${uploads}?digest=${digestOf('body')}`;
      const socket = await rawConnection(address, head(path));
      const [first] = await once(socket, 'data');
      assert.match(String(first), /^HTTP\/1.1 100 Continue/);
      socket.write('body');
      const [second] = await once(socket, 'data');
      assert.match(String(second), /^HTTP\/1.1 201 Created/);
      socket.destroy();
    }));

  test('is refused before it sends', () =>
    withServer({}, async ({ address }) => {
      const socket = await rawConnection(address, head('/v2/a/tags/list'));
      const [reply] = await once(socket, 'data');
      assert.match(String(reply), /^HTTP\/1.1 405 [\s\S]*connection: close/i);
      socket.destroy();
    }));

  test('is answered before it sends, and what follows is no request', () =>
    withServer({}, async ({ address }) => {
      const socket = await rawConnection(address, head(uploads));
      const [reply] = await once(socket, 'data');
      assert.match(String(reply), /^HTTP\/1.1 202 [\s\S]*connection: close/i);
      socket.destroy();
    }));
});

test('a storage that fails is 500 without its words, and is told on this side', async () => {
  const failing = memoryStorage();
  const storage: RegistryStorage = {
    ...failing,
    catalog: {
      ...failing.catalog,
      tags: async () => {
        throw internal('read /secret/path: broken');
      },
    },
  };
  await withServer({ storage }, async ({ address, errors }) => {
    const { status, text } = await send(address, 'GET', '/v2/a/tags/list');
    assert.equal(status, 500);
    assert.ok(!text.includes('secret'), text);
    assert.equal(errors.length, 1);
  });
});

test('a blob that breaks in the middle breaks the connection', async () => {
  const whole = memoryStorage();
  const storage: RegistryStorage = {
    ...whole,
    blobs: {
      ...whole.blobs,
      sizeOf: async () => 100,
      async *open() {
        yield Buffer.from('some');
        throw internal('read blob: broken disk');
      },
    },
  };
  await withServer({ storage }, async ({ address, errors }) => {
    await assert.rejects(send(address, 'GET', `/v2/a/blobs/${digestOf('x')}`));
    assert.equal(errors.length, 1);
  });
});

test('a client that goes away while it reads stops the reading', async () => {
  const whole = memoryStorage();
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  const storage: RegistryStorage = {
    ...whole,
    blobs: {
      ...whole.blobs,
      sizeOf: async () => 1e12,
      async *open() {
        try {
          for (;;) yield Buffer.alloc(1024 * 1024);
        } finally {
          stop();
        }
      },
    },
  };
  await withServer({ storage }, async ({ address, errors }) => {
    const request = `GET /v2/a/blobs/${digestOf('x')} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const socket = await rawConnection(address, request);
    await once(socket, 'data');
    socket.destroy();
    await stopped;
    assert.deepEqual(errors, []);
  });
});

test('TLS', async () => {
  const read = (name: string) => readFileSync(join(import.meta.dirname, '../testdata', name));
  const tls = { cert: read('server.crt'), key: read('server.key') };
  await withServer({ tls }, async ({ address }) => {
    const request = httpsRequest(`https://${address}/v2/`, { ca: read('ca.crt'), agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    response.destroy();
  });
});

test('an address in use is a conflict, a senseless one invalid', () =>
  withServer({}, async ({ address, storage }) => {
    const server = createRegistryServer({ storage, access: openAccess, onError: () => {} });
    await assert.rejects(server.listen(address), {
      kind: 'conflict',
      message: /address already in use/,
    });
    for (const bad of ['5000', 'host:port', '1.2.3.4:99999', 'a:b:5000']) {
      await assert.rejects(server.listen(bad), { kind: 'invalid' });
    }
  }));
