import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Hijack } from './route.ts';

const reasons = { 101: 'UPGRADED', 200: 'OK' } as const;

/**
 * The connection of an upgraded request, before anybody decided whether it becomes a raw stream
 * (`accept`) or gets an ordinary answer (`response`, after which it closes).
 */
export function hijackable(
  request: IncomingMessage,
  socket: Socket,
  headers: Readonly<Record<string, string>>,
): Hijack & { readonly accepted: boolean; response(): ServerResponse } {
  const upgrade = request.headers.upgrade !== undefined;
  let accepted = false;
  return {
    upgrade,
    get accepted() {
      return accepted;
    },
    accept(contentType: string): Duplex {
      accepted = true;
      const status = upgrade ? 101 : 200;
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      if (upgrade) lines.push('Connection: Upgrade', 'Upgrade: tcp');
      socket.setNoDelay(true);
      socket.write(
        [
          `HTTP/1.1 ${status} ${reasons[status]}`,
          `Content-Type: ${contentType}`,
          ...lines,
          '',
          '',
        ].join('\r\n'),
      );
      return socket;
    },
    response(): ServerResponse {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => {
        response.detachSocket(socket);
        socket.end();
        // What the client still sends is of no use, but unread it would reset the connection.
        socket.resume();
      });
      return response;
    },
  };
}
