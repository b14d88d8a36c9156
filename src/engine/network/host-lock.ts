import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoCode, unavailable } from '../../core/index.ts';

/**
 * A lock that holds among all daemons of one network namespace, and goes with its process: an
 * abstract unix socket (unix(7)), which lives in exactly that namespace.
 */
export async function tryHostLock(name: string): Promise<AsyncDisposable | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    await listen(server, `\0berth-lock-${name}`);
  } catch (error) {
    if (errnoCode(error) === 'EADDRINUSE') return undefined;
    throw error;
  }
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const retryMs = 5;
const patienceMs = 10_000;

/** Waits for the lock. Throws `unavailable` when another daemon keeps it for ten seconds. */
export async function hostLock(name: string): Promise<AsyncDisposable> {
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs += retryMs) {
    const lock = await tryHostLock(name);
    if (lock) return lock;
    await sleep(retryMs);
  }
  throw unavailable(`lock ${name}: another daemon has held it for ${patienceMs / 1000} s`);
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
