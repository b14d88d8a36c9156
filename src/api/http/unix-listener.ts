import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { conflict, errnoCode, invalid } from '../../core/index.ts';

/**
 * Makes `server` listen on a unix socket that owner and group may use (0660). A socket file nobody
 * listens on is replaced; throws `conflict` when somebody does, `invalid` when the path is another
 * kind of file.
 */
export async function listenOnUnixSocket(server: Server, path: string): Promise<void> {
  await clearStaleSocket(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The socket is bound within this call, so only it runs under the narrow umask.
    const umask = process.umask(0o117);
    try {
      server.listen({ path }, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
  chmodSync(path, 0o660);
}

async function clearStaleSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (!found.isSocket()) throw invalid(`listen on ${path}: the file exists and is not a socket`);
  if (await answers(path)) throw conflict(`listen on ${path}: another process listens there`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = errnoCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(false);
      else reject(error);
    });
  });
}
