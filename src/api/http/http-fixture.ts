import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../../core/index.ts';
import type { AppOptions } from './fastify-app.ts';
import { json } from './reply.ts';
import { type ApiServer, createApiServer } from './server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** For tests: a server on a unix socket in a folder of its own, and ways to talk to it. */
export interface ServedApi extends AsyncDisposable {
  readonly server: ApiServer;
  readonly path: string;
  ask(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** The answer's JSON; throws when the status is 400 or more. */
  askJson<T = unknown>(method: string, path: string, json?: unknown): Promise<T>;
  dial(): Promise<Dialled>;
}

interface Sent {
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

/** A raw connection that collects what it receives. */
export interface Dialled {
  readonly socket: Socket;
  /** Resolves with all that was received once it matches. */
  until(pattern: RegExp): Promise<string>;
}

export async function serveApi(options: Partial<AppOptions>): Promise<ServedApi> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-api-'));
  const path = join(folder, 'api.sock');
  const server = await createApiServer({
    tables: [],
    notFound: () => json({ message: 'page not found' }, 404),
    ...options,
  });
  await server.listen({ kind: 'unix', path });
  return {
    server,
    path,
    ask: (method, target, sent) => ask(path, method, target, sent),
    async askJson<T>(method: string, target: string, value?: unknown) {
      const sent =
        value === undefined
          ? {}
          : { body: JSON.stringify(value), headers: { 'content-type': 'application/json' } };
      const { status, body } = await ask(path, method, target, sent);
      if (status >= 400) throw new Error(`${method} ${target}: ${status} ${body}`);
      return (body === '' ? undefined : JSON.parse(body)) as T;
    },
    dial: () => dial(path),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}

async function ask(
  socketPath: string,
  method: string,
  path: string,
  { body, headers }: Sent = {},
): Promise<Answer> {
  const outgoing = request({ socketPath, method, path, headers, agent: false });
  // An answer may come before the body is sent whole.
  outgoing.on('error', () => {});
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  const content = await collect(response, 1e8);
  return { status: response.statusCode, headers: response.headers, body: content.toString() };
}

async function dial(path: string): Promise<Dialled> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, 'connect');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  return {
    socket,
    async until(pattern) {
      while (!pattern.test(received)) await once(socket, 'data');
      return received;
    },
  };
}
