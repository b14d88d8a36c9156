import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Hijack } from './route.ts';

const reasons = { 101: 'UPGRADED', 200: 'OK' } as const;
const lingerMs = 10_000;

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
    stream: socket,
    get accepted() {
      return accepted;
    },
    accept(contentType, protocol = 'tcp') {
      if (accepted) return;
      accepted = true;
      const status = upgrade ? 101 : 200;
      const lines = [`HTTP/1.1 ${status} ${reasons[status]}`, `Content-Type: ${contentType}`];
      if (upgrade) lines.push('Connection: Upgrade', `Upgrade: ${protocol}`);
      for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
      socket.setNoDelay(true);
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    },
    handOver() {
      accepted = true;
      return { request, socket };
    },
    response() {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => {
        response.detachSocket(socket);
        closeAfterReading(socket);
      });
      return response;
    },
  };
}

/**
 * Ends our side, however long the client takes to read it all, and reads away what the client still
 * sends until it ends its own, or a while: closing over unread bytes would show the client a reset in
 * place of the end.
 */
export function closeAfterReading(socket: Socket): void {
  if (socket.destroyed) return;
  let timer: NodeJS.Timeout | undefined;
  socket.end(() => {
    timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  });
  if (socket.readableEnded) {
    socket.destroySoon();
    return;
  }
  socket.resume();
  socket.once('end', () => socket.destroySoon());
  socket.once('close', () => clearTimeout(timer));
}
