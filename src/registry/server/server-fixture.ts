import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { collect } from '../../core/index.ts';
import { openAccess } from './access-control.ts';
import { memoryStorage } from './memory-storage.ts';
import { createRegistryServer, type RegistryServerOptions } from './registry-server.ts';
import type { RegistryStorage } from './storage.ts';

export interface Context {
  readonly address: string;
  readonly storage: RegistryStorage;
  readonly errors: unknown[];
}

/** Runs the work against a listening registry. */
export async function withServer(
  options: Partial<RegistryServerOptions>,
  work: (context: Context) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const storage = options.storage ?? memoryStorage();
  const server = createRegistryServer({
    access: openAccess,
    onError: (error) => errors.push(error),
    ...options,
    storage,
  });
  const address = await server.listen('127.0.0.1:0');
  try {
    await work({ address, storage, errors });
  } finally {
    await server.close({ graceMs: 0 });
  }
}

/** One request on a connection of its own. */
export function send(
  address: string,
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof send>>>();
  const request = httpRequest(`http://${address}`, { method, path, headers, agent: false });
  request.on('error', reject);
  request.on('response', (response) => {
    collect(response, 1e9).then(
      (content) =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: content.toString(),
        }),
      reject,
    );
  });
  request.end(body);
  return promise;
}

/** A connection that says what it is told, and nothing else. */
export async function rawConnection(address: string, text: string): Promise<Socket> {
  const [host = '', port = ''] = address.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}
