import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ServedApi } from '../../http/http-fixture.ts';
import { created, serve } from './served-engine.ts';

const query = 'stream=1&stdin=1&stdout=1&stderr=1';

/** A client on an open connection, and what it was sent: text, and whether it was binary. */
async function openClient(api: ServedApi, name: string) {
  const socket = new WebSocket(`ws+unix:${api.path}:/v1.50/containers/${name}/attach/ws?${query}`);
  const received: [text: string, isBinary: boolean][] = [];
  socket.on('message', (data: Buffer, isBinary) => received.push([data.toString(), isBinary]));
  await once(socket, 'open');
  return { socket, received, text: () => received.map(([text]) => text).join('') };
}

const cat = { Image: 'busybox', Cmd: ['cat'] };
const shell = { Image: 'busybox', Cmd: ['shell'], Tty: true };

describe('attach by websocket', () => {
  test('joins before the start; output of both streams comes unframed, then a goodbye', async () => {
    await using api = await serve();
    await created(api, 'one', { Image: 'busybox', Cmd: ['both'] });
    const { socket, received } = await openClient(api, 'one');
    await api.ask('POST', '/containers/one/start');
    const [code] = await once(socket, 'close');
    assert.equal(code, 1000);
    assert.deepEqual(received, [
      ['to stdout\n', true],
      ['to stderr\n', true],
    ]);
  });

  test('takes text and binary messages, in one piece or several, and answers pings', async () => {
    await using api = await serve();
    await created(api, 'one', cat);
    await api.ask('POST', '/containers/one/start');
    const { socket, text } = await openClient(api, 'one');
    socket.send('as text ');
    socket.send(Buffer.from('as bytes '));
    socket.send('in ', { fin: false });
    socket.send('pieces', { fin: true });
    while (text() !== 'as text as bytes in pieces') await once(socket, 'message');
    socket.ping('are you there');
    const [answer] = await once(socket, 'pong');
    assert.equal(answer.toString(), 'are you there');
    socket.terminate();
  });

  test('a client that says goodbye gets one, and a terminal runs on', async () => {
    await using api = await serve();
    await created(api, 'one', shell);
    await api.ask('POST', '/containers/one/start');
    const { socket } = await openClient(api, 'one');
    socket.close(1000);
    assert.equal((await once(socket, 'close'))[0], 1000);
    assert.equal(api.engine.containers.get('one').state.kind, 'running');
    const again = await openClient(api, 'one');
    again.socket.send('\x10\x11');
    assert.equal((await once(again.socket, 'close'))[0], 1000);
  });

  test('a message over the limit ends the connection', async () => {
    await using api = await serve();
    await created(api, 'one', shell);
    await api.ask('POST', '/containers/one/start');
    const { socket } = await openClient(api, 'one');
    socket.send(Buffer.alloc(2 ** 20 + 1));
    assert.equal((await once(socket, 'close'))[0], 1009);
  });

  for (const [what, frame, code] of [
    ['an unmasked frame', [0x82, 0x01, 0x61], 1002],
    ['an unknown frame', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['a length over what numbers hold', [0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255], 1009],
    ['a ping of 126 bytes', [0x89, 0xfe, 0, 126], 1002],
    ['a continuation of nothing', [0x80, 0x80, 0, 0, 0, 0], 1002],
    ['text that is no UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
  ] as const) {
    test(`${what} ends the connection`, async () => {
      await using api = await serve();
      await created(api, 'one', shell);
      await api.ask('POST', '/containers/one/start');
      const { socket, until } = await api.dial();
      socket.write(handshake('one'));
      await until(/\r\n\r\n/);
      socket.write(Buffer.from(frame));
      const goodbye = Buffer.from(await until(/\x88\x02..$/s), 'latin1');
      assert.equal(goodbye.readUInt16BE(goodbye.length - 2), code);
      await once(socket, 'end');
      socket.destroy();
    });
  }

  test('what is no websocket, or for no container, is an ordinary error', async () => {
    await using api = await serve();
    await created(api, 'one', shell);
    const plain = await api.ask('GET', `/containers/one/attach/ws?${query}`);
    assert.deepEqual(
      [plain.status, JSON.parse(plain.body)],
      [400, { message: 'not websocket protocol' }],
    );
    const { socket, until } = await api.dial();
    socket.write(handshake('nope'));
    assert.match(await until(/nope"}/), /^HTTP\/1.1 404 .*No such container: nope/s);
    socket.destroy();
  });
});

function handshake(name: string): string {
  return [
    `GET /containers/${name}/attach/ws?${query} HTTP/1.1`,
    'Host: d',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
}
