import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { internal } from '../core/index.ts';
import { type Connection, connect } from './connection.ts';

async function withDaemon(
  listener: RequestListener,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await work(connect(`tcp://127.0.0.1:${port}`));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const endless = () =>
  new Readable({
    read() {
      this.push(Buffer.alloc(65_536));
    },
  });

describe('a body that is a stream', () => {
  test('is left when it is refused, in the words of the daemon', () =>
    withDaemon(
      (request, response) => {
        request.once('data', () => {
          response.writeHead(409, { connection: 'close' });
          response.end('{"message":"there is one already"}');
        });
      },
      async (connection) => {
        const stream = endless();
        const put = connection.send({ method: 'PUT', path: '/x', stream });
        await assert.rejects(put, { kind: 'conflict', message: 'there is one already' });
        stream.destroy();
      },
    ));

  test('is closed with the connection', () =>
    withDaemon(
      (request) => void request.once('data', () => request.destroy()),
      async (connection) => {
        const stream = endless();
        const closed = new Promise((resolve) => stream.once('close', resolve));
        await assert.rejects(connection.send({ method: 'PUT', path: '/x', stream }));
        await closed;
      },
    ));

  test('that breaks is told as it broke', () =>
    withDaemon(
      (request) => void request.resume().on('error', () => {}),
      async (connection) => {
        const stream = endless();
        stream.once('data', () => stream.destroy(internal('read context: broken disk')));
        const put = connection.send({ method: 'PUT', path: '/x', stream });
        await assert.rejects(put, /broken disk/);
      },
    ));
});

for (const [host, kind] of [
  ['unix:///nowhere/berth.sock', 'unavailable'],
  ['tcp://127.0.0.1:1', 'unavailable'],
  ['ssh://somewhere', 'invalid'],
  ['tcp://no-port', 'invalid'],
] as const) {
  test(`a daemon at ${host} is ${kind}`, async () => {
    await assert.rejects(async () => connect(host).send({ method: 'GET', path: '/_ping' }), {
      kind,
    });
  });
}
