import { renameSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { internal } from '../../core/index.ts';
import { empty, forwardRequest, request, response, taskEvent } from './task-messages.ts';
import { encodeFrame, frameDecoder, frameType } from './ttrpc-frame.ts';

/** What a shim tells without being asked, such as `/tasks/oom`. */
export interface ShimEvent {
  readonly topic: string;
  readonly containerId: string;
}

/**
 * Listens for the events of shims (containerd.services.events.ttrpc.v1.Events/Forward). The socket
 * file stays when the server closes: towards a socket nobody listens on a shim gives up at once,
 * but it would wait five seconds an event for a file that is missing.
 */
export async function serveShimEvents(
  path: string,
  onEvent: (event: ShimEvent) => void,
): Promise<AsyncDisposable> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    serve(socket, onEvent);
  });
  // The name bound is not the name kept, because closing unlinks the name bound.
  const bound = `${path}.${process.pid}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(internal(`listen for shim events on ${path}: ${cause.message}`, { cause })),
    );
    server.listen(bound, resolve);
  });
  renameSync(bound, path);
  server.unref();
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

function serve(socket: Socket, onEvent: (event: ShimEvent) => void): void {
  socket.unref();
  const decode = frameDecoder();
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of decode(chunk)) {
        if (frame.type !== frameType.request) continue;
        const { method, payload } = request.decode(frame.body);
        const known = method === 'Forward';
        if (known) tell(payload, onEvent);
        const body = response.encode(
          known
            ? { payload: empty.encode({}) }
            : { status: { code: 12, message: `method ${method} is not implemented` } },
        );
        socket.write(
          encodeFrame({ streamId: frame.streamId, type: frameType.response, flags: 0, body }),
        );
      }
    } catch {
      // Out of step with this peer: only a new connection can mend that.
      socket.destroy();
    }
  });
}

function tell(payload: Uint8Array, onEvent: (event: ShimEvent) => void): void {
  const { envelope } = forwardRequest.decode(payload);
  if (!envelope?.event) return;
  const { container_id: containerId } = taskEvent.decode(envelope.event.value);
  onEvent({ topic: envelope.topic, containerId });
}
