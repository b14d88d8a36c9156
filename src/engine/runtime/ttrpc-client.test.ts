import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { request, response } from './task-messages.ts';
import { TtrpcClient } from './ttrpc-client.ts';
import { encodeFrame, type Frame, frameDecoder, frameType } from './ttrpc-frame.ts';

type Handler = (frame: Frame, method: string, socket: Socket) => void;

const answer = (socket: Socket, streamId: number, text: string) =>
  socket.write(
    encodeFrame({
      streamId,
      type: frameType.response,
      flags: 0,
      body: response.encode({ payload: Buffer.from(text) }),
    }),
  );
const fail = (socket: Socket, streamId: number, code: number, message: string) =>
  socket.write(
    encodeFrame({
      streamId,
      type: frameType.response,
      flags: 0,
      body: response.encode({ status: { code, message } }),
    }),
  );

describe('TtrpcClient against a fake server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-ttrpc-'));
  const path = join(folder, 'socket');
  let handler: Handler = () => {};
  const server = createServer((socket) => {
    const decode = frameDecoder();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const frame of decode(chunk as Buffer)) {
        handler(frame, request.decode(frame.body).method, socket);
      }
    });
  });
  let client: TtrpcClient;
  const call = (method: string, signal?: AbortSignal) =>
    client
      .call({ service: 's', method }, new Uint8Array(), { signal })
      .then((bytes) => Buffer.from(bytes).toString());

  before(() => new Promise<void>((resolve) => server.listen(path, resolve)));
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    client?.[Symbol.dispose]();
    client = await TtrpcClient.connect(path);
  });
  after(() => client[Symbol.dispose]());

  it('matches answers to calls whatever their order', async () => {
    const waiting: [number, string][] = [];
    handler = (frame, method, socket) => {
      assert.equal(frame.streamId % 2, 1, 'clients use odd stream ids');
      waiting.push([frame.streamId, method]);
      if (waiting.length < 3) return;
      for (const [id, name] of waiting.reverse()) answer(socket, id, `to ${name}`);
    };
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((name) => call(name))), [
      'to a',
      'to b',
      'to c',
    ]);
  });

  for (const [code, kind] of [
    [2, 'internal'],
    [5, 'not-found'],
    [6, 'conflict'],
    [9, 'conflict'],
    [12, 'unsupported'],
  ] as const) {
    it(`turns status ${code} into ${kind} with the server's words`, async () => {
      handler = (frame, _method, socket) => fail(socket, frame.streamId, code, 'no luck');
      await assert.rejects(call('x'), { kind, message: 'no luck' });
    });
  }

  it('rejects an aborted call and stays usable when the answer comes late', async () => {
    let late = () => {};
    handler = (frame, method, socket) => {
      if (method === 'slow') late = () => answer(socket, frame.streamId, 'late');
      else answer(socket, frame.streamId, 'quick');
    };
    const aborter = new AbortController();
    const slow = call('slow', aborter.signal);
    assert.equal(await call('quick'), 'quick');
    aborter.abort();
    await assert.rejects(slow, { kind: 'canceled' });
    late();
    assert.equal(await call('quick'), 'quick');
  });

  it('rejects every waiting and later call when the connection is lost', async () => {
    handler = (_frame, method, socket) => {
      if (method === 'die') socket.destroy();
    };
    const calls = [call('wait'), call('die')];
    for (const each of calls) await assert.rejects(each, { kind: 'unavailable' });
    await assert.rejects(call('later'), { kind: 'unavailable' });
    assert.match((await client.closed).message, /connection closed/);
  });

  it('drops a connection that announces an impossible length', async () => {
    handler = (_frame, _method, socket) => socket.write(Buffer.alloc(10, 0xff));
    await assert.rejects(call('x'), { kind: 'unavailable', message: /announced 4294967295 bytes/ });
  });

  it('drops a connection whose answer is no protobuf message', async () => {
    handler = (frame, _method, socket) =>
      socket.write(
        encodeFrame({ ...frame, type: frameType.response, body: Buffer.from([0x0a, 0xff]) }),
      );
    await assert.rejects(call('x'), { kind: 'unavailable' });
  });

  it('reads frames cut at any place', async () => {
    handler = (frame, _method, socket) => {
      const bytes = encodeFrame({
        streamId: frame.streamId,
        type: frameType.response,
        flags: 0,
        body: response.encode({ payload: Buffer.from('in pieces') }),
      });
      for (const byte of bytes) socket.write(Buffer.of(byte));
    };
    assert.equal(await call('x'), 'in pieces');
  });
});

describe('TtrpcClient.connect', () => {
  it('rejects with unavailable when nobody listens', async () => {
    await assert.rejects(TtrpcClient.connect('/nonexistent/socket'), { kind: 'unavailable' });
  });
});
