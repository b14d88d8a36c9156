import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { streamOf } from '../../core/index.ts';
import type { OnFailure } from './answer.ts';
import { apiRequest, splitUrl } from './api-request.ts';
import { closeAfterReading, hijackable } from './hijack.ts';
import type { PathPattern } from './path-pattern.ts';
import type { HijackRoute, RouteTable } from './route.ts';
import { statusOf } from './status.ts';
import { readUpgradedBody } from './upgraded-body.ts';
import { writeReply } from './write-reply.ts';

export interface CompiledHijack {
  readonly table: RouteTable;
  readonly route: HijackRoute;
  readonly pattern: PathPattern;
}

/**
 * Answers a request for a raw stream: its handler either accepts the connection, or replies as to
 * any request, after which the connection closes.
 */
export async function answerHijack(
  { table, route, pattern }: CompiledHijack,
  { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
  onFailure: OnFailure | undefined,
): Promise<void> {
  const url = request.url ?? '';
  // A vanished client is seen as the socket's close; its error has nothing to add.
  socket.on('error', () => {});
  const connection = hijackable(request, socket, table.headers ?? {});
  const produce = async () => {
    const body = await readUpgradedBody(request, socket, head);
    const asked = apiRequest(request, {
      url,
      params: pattern.match(splitUrl(url).path) ?? {},
      body: streamOf(body),
      aborts: (leave) => (socket.destroyed ? leave() : socket.once('close', leave)),
    });
    await table.admit?.(asked);
    return await route.handle(asked, connection);
  };
  try {
    const reply = await produce();
    if (reply) await writeReply(connection.response(), reply, table.headers ?? {});
    else closeAfterReading(socket);
  } catch (error) {
    if (statusOf(error) === 500) onFailure?.(error, { method: request.method ?? '', url });
    if (connection.accepted || socket.destroyed) socket.destroy();
    else await writeReply(connection.response(), table.renderError(error), table.headers ?? {});
  }
}
