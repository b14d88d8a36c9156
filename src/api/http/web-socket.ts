import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { RawData, WebSocket, WebSocketServer } from 'ws';
import { invalid } from '../../core/index.ts';
import type { Hijack } from './route.ts';

/** A message of a client may be cut into frames; all of it has to be had before it is passed on. */
const longestMessageBytes = 1 << 20;
const normalClosure = 1000;
const internalError = 1011;

/** A websocket (RFC 6455) as a byte stream: what is written goes out as binary messages. */
export interface WebSocketStream {
  /** Reads what clients send, of either type. There before the connection is. */
  readonly stream: Duplex;
  /** Answers the request, after which the stream is the client's. */
  accept(): void;
  /** Says goodbye after what was written, and waits for the client's own for a while. */
  close(options?: { failed: boolean }): Promise<void>;
}

let server: WebSocketServer | undefined;

/** Throws `invalid` for a request that does not ask for a websocket. */
export async function openWebSocket(
  connection: Hijack,
  headers: IncomingHttpHeaders,
): Promise<WebSocketStream> {
  checkHandshake(headers);
  // Few ask for it, so that it is loaded only then.
  const { WebSocketServer: Server } = await import('ws');
  server ??= new Server({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: longestMessageBytes,
  });
  const upgrade = server.handleUpgrade.bind(server);
  let socket: WebSocket | undefined;
  const stream = new Duplex({
    read: () => socket?.resume(),
    write(bytes: Buffer, _encoding, done) {
      if (socket) socket.send(bytes, { binary: true }, (error) => done(error));
      else done();
    },
    destroy(error, done) {
      socket?.terminate();
      done(error);
    },
  });
  // Who reads it is told by its end; a cut connection has nothing to add.
  stream.on('error', () => {});
  return {
    stream,
    accept() {
      const { request, socket: raw } = connection.handOver();
      upgrade(request, raw, Buffer.alloc(0), (opened) => {
        socket = opened;
        follow(opened, stream);
      });
    },
    async close({ failed } = { failed: false }) {
      if (!socket) return;
      // What was written goes out first, as long as the client is there.
      if (!failed) await finished(stream.end(), { readable: false }).catch(() => {});
      if (socket.readyState === socket.CLOSED) return;
      const closed = once(socket, 'close');
      socket.close(failed ? internalError : normalClosure);
      socket.resume();
      await closed;
    },
  };
}

/** Passes on what arrives, and no more than the stream's reader keeps up with. */
function follow(socket: WebSocket, stream: Duplex): void {
  socket.on('message', (data: RawData) => {
    if (stream.destroyed || stream.readableEnded) return;
    if (!stream.push(data as Buffer)) socket.pause();
  });
  // What a client does wrong it is told by the goodbye that follows.
  socket.on('error', () => {});
  socket.on('close', () => {
    stream.push(null);
    stream.end();
  });
}

function checkHandshake(headers: IncomingHttpHeaders): void {
  const key = headers['sec-websocket-key'] ?? '';
  const isAsked =
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['sec-websocket-version'] === '13' &&
    /^[+/0-9A-Za-z]{22}==$/.test(key);
  if (!isAsked) throw invalid('not websocket protocol');
}
