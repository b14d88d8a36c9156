import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two connected sockets; for tests. */
export async function socketPair(): Promise<{ near: Socket; far: Socket } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-pair-'));
  const path = join(folder, 's');
  const server = createServer().listen(path);
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const near = connect(path);
  const [far] = (await accepted) as [Socket];
  for (const socket of [near, far]) socket.on('error', () => {});
  server.close();
  rmSync(folder, { recursive: true });
  return {
    near,
    far,
    [Symbol.dispose]() {
      near.destroy();
      far.destroy();
    },
  };
}
