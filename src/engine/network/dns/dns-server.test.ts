import assert from 'node:assert/strict';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { decode, encode } from 'dns-packet';
import { type DnsServer, openDnsServer } from './dns-server.ts';
import type { Forward } from './forwarder.ts';
import { createNameIndex } from './name-index.ts';
import { collectFrames, frame } from './tcp-frames.ts';

const here = '127.0.0.1';
/** An address nobody has on the network. */
const stranger = '127.0.0.9';
const query = (name: string, id = 1) =>
  encode({ type: 'query', id, flags: 0x100, questions: [{ name, type: 'A' }] });
const codeOf = (reply: Buffer) => reply[3]! & 0xf;

describe('DNS server', () => {
  const names = createNameIndex();
  names.add({
    containerId: 'c',
    containerName: 'web',
    networkName: 'net',
    external: true,
    aliases: [],
    links: new Map(),
    ipv4: here,
    ipv6: '',
    upstreams: [],
  });
  let server: DnsServer;
  let client: UdpSocket;
  let waiting: (() => void)[] = [];
  /** Never answers until told to. */
  const forward: Forward = (_, { signal }) =>
    new Promise((resolve) => {
      waiting.push(() => resolve(undefined));
      signal.addEventListener('abort', () => resolve(undefined));
    });

  beforeEach(async () => {
    const upstreams = () => ['192.0.2.1'];
    const options = { address: here, networkName: 'net', names, forward, upstreams };
    server = await openDnsServer({ ...options, port: 0 });
    client = createSocket('udp4');
    await new Promise<void>((resolve) => client.bind(0, here, resolve));
  });
  afterEach(async () => {
    client.close();
    waiting = [];
    await server[Symbol.asyncDispose]();
  });
  async function ask(message: Buffer): Promise<Buffer> {
    const answered = once(client, 'message');
    client.send(message, server.port, here);
    return (await answered)[0] as Buffer;
  }

  it('answers by UDP and by TCP, several questions on one connection', async () => {
    assert.equal(decode(await ask(query('web'))).answers!.length, 1);
    const socket = connect({ host: here, port: server.port, localAddress: here });
    const replies: Buffer[] = [];
    const both = new Promise<void>((resolve) => {
      collectFrames(socket, (reply) => {
        replies.push(reply);
        if (replies.length === 2) resolve();
      });
    });
    socket.write(Buffer.concat([frame(query('web', 7)), frame(query('WEB', 8))]));
    await both;
    assert.deepEqual(
      replies.map((reply) => [reply.readUInt16BE(0), decode(reply).answers!.length]),
      [
        [7, 1],
        [8, 1],
      ],
    );
    socket.destroy();
  });

  it('tells strangers nothing and goes on after nonsense', async () => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, stranger, resolve));
    other.on('message', () => assert.fail('a stranger was answered'));
    other.send(query('web'), server.port, here);
    for (const nonsense of [Buffer.alloc(0), Buffer.alloc(5), Buffer.alloc(600, 0xff)]) {
      client.send(nonsense, server.port, here);
    }
    assert.equal(codeOf(await ask(query('web'))), 0);
    other.close();
  });

  it('fails what one container asks of the outside beyond its share, and serves the rest', async () => {
    const replies: Buffer[] = [];
    client.on('message', (reply) => replies.push(reply));
    for (let id = 0; id < 70; id++) client.send(query('example.org', id), server.port, here);
    while (replies.length < 6) await new Promise(setImmediate);
    assert.equal(waiting.length, 64);
    assert.deepEqual(new Set(replies.map(codeOf)), new Set([2]));
    client.removeAllListeners('message');
    assert.equal(codeOf(await ask(query('web'))), 0);
    for (const end of waiting.splice(0)) end();
  });

  it('takes another port where its own is taken', async () => {
    const upstreams = () => [];
    const options = { address: here, networkName: 'net', names, forward, upstreams };
    await using second = await openDnsServer({ ...options, port: server.port });
    assert.notEqual(second.port, server.port);
  });

  it('ends its connections and questions when it is disposed', async () => {
    const socket = connect({ host: here, port: server.port, localAddress: here });
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    client.send(query('example.org'), server.port, here);
    while (waiting.length === 0) await new Promise(setImmediate);
    await server[Symbol.asyncDispose]();
    await closed;
  });
});
