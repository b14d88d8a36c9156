import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two sockets that are each other's ends; dispose ends both. */
export interface SocketPair extends Disposable {
  readonly near: Socket;
  readonly far: Socket;
}

/** HTTP/2 needs real sockets: on streams that are none, Node fails as a whole when one is cut. */
export async function socketPair(): Promise<SocketPair> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-pair-'));
  try {
    const server = createServer().listen(join(folder, 's'));
    await once(server, 'listening');
    const accepted = once(server, 'connection');
    const near = connect(join(folder, 's'));
    const [far] = (await accepted) as [Socket];
    server.close();
    for (const socket of [near, far]) socket.on('error', () => {});
    return {
      near,
      far,
      [Symbol.dispose]() {
        near.destroy();
        far.destroy();
      },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
