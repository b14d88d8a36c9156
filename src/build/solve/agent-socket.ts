import { once } from 'node:events';
import { chmod, chown } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SshAgent } from '../builder.ts';

/**
 * A socket of a step's own that leads to an ssh agent: it can belong to the step's user, and what
 * the step does to it does not touch the agent's. Dispose closes it and its connections.
 */
export async function openAgentSocket(options: {
  agent: SshAgent;
  socketPath: string;
  mode: number;
  uid: number;
  gid: number;
}): Promise<AsyncDisposable> {
  const { agent: source, socketPath, mode, uid, gid } = options;
  const open = new Set<Duplex>();
  const server = createServer((client) => {
    const agent = connected(source);
    if (!agent) {
      client.destroy();
      return;
    }
    for (const [socket, other] of [
      [client, agent],
      [agent, client],
    ] as const) {
      open.add(socket);
      // Either side may go away at any time; then the other has nobody left to talk to.
      socket.on('error', () => other.destroy());
      socket.on('close', () => open.delete(socket));
      socket.pipe(other);
    }
  });
  server.listen(socketPath);
  await once(server, 'listening');
  // A connection that cannot be taken is the step's loss, not the daemon's end.
  server.on('error', () => {});
  await chown(socketPath, uid, gid);
  await chmod(socketPath, mode);
  return {
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Undefined where the agent's side has gone already: the step sees its connection end. */
function connected(source: SshAgent): Duplex | undefined {
  try {
    return source.connect();
  } catch {
    return undefined;
  }
}
