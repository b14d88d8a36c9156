import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { encode } from 'dns-packet';
import { createForwarder } from './forwarder.ts';
import { collectFrames, frame } from './tcp-frames.ts';

const query = encode({ type: 'query', id: 7, questions: [{ name: 'example.org', type: 'A' }] });
const signal = new AbortController().signal;

/** Each address of 127.0.0.0/8 is another server here, all on one port. */
const good = '127.0.0.1';
const failing = '127.0.0.2';
const liar = '127.0.0.3';
const silent = '127.0.0.4';
const absent = '127.0.0.5';

function reply(message: Buffer, code: number): Buffer {
  const answer = Buffer.from(message);
  answer.writeUInt16BE(0x8180 | code, 2);
  return answer;
}

describe('forwarder', () => {
  const sockets: Socket[] = [];
  let tcp: Server;
  let port = 0;
  const seen: Buffer[] = [];

  async function serve(address: string, answer: (message: Buffer) => Buffer[]): Promise<void> {
    const socket = createSocket('udp4');
    socket.on('message', (message, from) => {
      seen.push(message);
      for (const each of answer(message)) socket.send(each, from.port, from.address);
    });
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
    port = socket.address().port;
    sockets.push(socket);
  }
  before(async () => {
    await serve(good, (message) => [reply(message, 0)]);
    await serve(failing, (message) => [reply(message, 2)]);
    await serve(liar, (message) => {
      const other = Buffer.from(message);
      other.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff, 0);
      return [Buffer.alloc(3), message, reply(other, 0)];
    });
    await serve(silent, () => []);
    tcp = createServer((socket) => {
      collectFrames(socket, (message) => socket.write(frame(reply(message, 0))));
    });
    await new Promise<void>((resolve) => tcp.listen(port, good, resolve));
  });
  after(() => {
    for (const socket of sockets) socket.close();
    tcp.close();
  });
  const forward = (upstreams: string[], transport: 'udp' | 'tcp' = 'udp', timeoutMs = 5000) =>
    createForwarder({ port, timeoutMs })(query, { upstreams, transport, signal });

  it('asks with another id and gives the answer the id of the question', async () => {
    assert.deepEqual(await forward([good]), reply(query, 0));
    const sent = seen.at(-1)!;
    assert.deepEqual(sent.subarray(2), query.subarray(2));
  });
  it('goes on to the next server after a failure, a refusal to listen and silence', async () => {
    assert.deepEqual(await forward([failing, absent, good]), reply(query, 0));
    assert.deepEqual(await forward([silent, good], 'udp', 20), reply(query, 0));
  });
  it('goes on to the next server when there is no way to one', async () => {
    // A broadcast address: connecting to it is refused at once, on every machine.
    assert.deepEqual(await forward(['255.255.255.255', good]), reply(query, 0));
    assert.equal(await forward(['255.255.255.255']), undefined);
  });
  it('gives the failure when there is nothing better, and nothing when there is nothing', async () => {
    assert.deepEqual(await forward([failing]), reply(query, 2));
    assert.equal(await forward([absent]), undefined);
    assert.equal(await forward([]), undefined);
  });
  it('takes no answer that does not fit the question', async () => {
    assert.equal(await forward([liar], 'udp', 50), undefined);
  });
  it('speaks TCP to who asked by TCP', async () => {
    assert.deepEqual(await forward([absent, good], 'tcp'), reply(query, 0));
  });
  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const waiting = createForwarder({ port, timeoutMs: 60_000 })(query, {
      upstreams: [silent, silent],
      transport: 'udp',
      signal: stop.signal,
    });
    stop.abort();
    assert.equal(await waiting, undefined);
  });
});

describe('collectFrames', () => {
  it('puts messages together however they are cut', async () => {
    const messages = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(40_000, 'x')];
    const bytes = Buffer.concat(messages.map(frame));
    const { PassThrough } = await import('node:stream');
    const stream = new PassThrough();
    const collected: Buffer[] = [];
    collectFrames(stream, (message) => void collected.push(message));
    for (let at = 0; at < bytes.length; ) {
      const step = at < 10 ? 1 : 9000;
      stream.write(bytes.subarray(at, at + step));
      at += step;
    }
    stream.end();
    await new Promise((resolve) => stream.once('end', resolve));
    assert.deepEqual(collected, messages);
  });
});
