import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { openTcpRelay } from './tcp-relay.ts';
import { openUdpRelay } from './udp-relay.ts';

const anyPort = { address: '127.0.0.1', port: 0 };

async function serve(onConnection: (socket: Socket) => void): Promise<Server & { port: number }> {
  const server = createServer({ allowHalfOpen: true }, onConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { port: (server.address() as { port: number }).port });
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += chunk;
  return text;
}

describe('openTcpRelay', () => {
  it('passes bytes both ways, and the end of each way by itself', async () => {
    const server = await serve(async (socket) => socket.end(`got ${await readAll(socket)}`));
    await using relay = await openTcpRelay(anyPort, { address: '127.0.0.1', port: server.port });
    const client = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
    client.end('x'.repeat(300_000));
    assert.equal((await readAll(client)).length, 300_004);
    server.close();
  });

  it('delivers all of a long answer to a client that has hung up its own side', async () => {
    const size = 4_000_000;
    const server = await serve((socket) => void socket.resume().end(Buffer.alloc(size)));
    await using relay = await openTcpRelay(anyPort, { address: '127.0.0.1', port: server.port });
    const client = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true }).end();
    let received = 0;
    for await (const chunk of client) received += (chunk as Buffer).length;
    assert.equal(received, size);
    server.close();
  });

  it('drops the client when nobody listens behind it', async () => {
    const unused = await serve(() => {});
    unused.close();
    await using relay = await openTcpRelay(anyPort, { address: '127.0.0.1', port: unused.port });
    const client = connect(relay.port, '127.0.0.1');
    client.on('error', () => {});
    await once(client, 'close');
  });

  it('closes its connections when it is disposed, and refuses a port in use', async () => {
    const server = await serve((socket) => void socket.on('error', () => {}).resume());
    const target = { address: '127.0.0.1', port: server.port };
    const relay = await openTcpRelay(anyPort, target);
    const taken = { address: '127.0.0.1', port: relay.port };
    await assert.rejects(openTcpRelay(taken, target), { code: 'EADDRINUSE' });
    const client = connect(relay.port, '127.0.0.1').on('error', () => {});
    await once(client, 'connect');
    const closed = once(client, 'close');
    await relay[Symbol.asyncDispose]();
    await closed;
    server.close();
  });
});

describe('openUdpRelay', () => {
  it('keeps clients apart and answers each', async () => {
    const server = createSocket('udp4');
    server.on('message', (message, { port }) => server.send(`${message}!`, port, '127.0.0.1'));
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    const target = { address: '127.0.0.1', port: server.address().port };
    await using relay = await openUdpRelay(anyPort, target);
    const clients = ['one', 'two', 'three'].map((name) => ({ name, socket: createSocket('udp4') }));
    for (const { name, socket } of clients) {
      const answered = once(socket, 'message');
      socket.send(name, relay.port, '127.0.0.1');
      assert.equal(String((await answered)[0]), `${name}!`);
    }
    for (const { socket } of [...clients, { socket: server }]) socket.close();
  });

  it('refuses a port in use', async () => {
    const target = { address: '127.0.0.1', port: 9 };
    await using relay = await openUdpRelay(anyPort, target);
    const taken = { address: '127.0.0.1', port: relay.port };
    await assert.rejects(openUdpRelay(taken, target), { code: 'EADDRINUSE' });
  });
});
