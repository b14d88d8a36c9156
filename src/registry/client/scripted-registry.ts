import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { collect } from '../../core/index.ts';
import {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
} from './registry-client.ts';

/** What a test's registry saw. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface ScriptedReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | Uint8Array;
  /** Breaks the connection after so many bytes of the body. */
  readonly cutAfterBytes?: number;
}

/** Answers by itself when it is a function of request and response. */
export type Script = (
  request: SeenRequest,
) => ScriptedReply | ((response: ServerResponse) => void) | undefined;

export interface ScriptedRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly seen: SeenRequest[];
  /** The requests as `METHOD path`. */
  readonly lines: () => string[];
  /** How many connections it was reached by. */
  readonly connections: () => number;
}

/** A server for tests that answers as it is told; `/v2/` is 200 and the rest 404 by itself. */
export async function scriptedRegistry(
  script: Script,
  tls?: { cert: string; key: string },
): Promise<ScriptedRegistry> {
  const seen: SeenRequest[] = [];
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await collect(request, 1e9).catch(() => Buffer.alloc(0));
    const { method = '', url = '', headers } = request;
    const asked = { method, path: url, headers, body };
    seen.push(asked);
    const reply = script(asked) ?? { status: url === '/v2/' ? 200 : 404 };
    if (typeof reply === 'function') reply(response);
    else answer(response, reply);
  }
  const server = tls ? createTlsServer(tls, handle) : createServer(handle);
  let connections = 0;
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    lines: () => seen.map(({ method, path }) => `${method} ${path}`),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, reply: ScriptedReply): void {
  const { status = 200, headers = {}, body = '', cutAfterBytes } = reply;
  const content = Buffer.from(body);
  const length = response.req.method === 'HEAD' ? {} : { 'content-length': content.length };
  response.writeHead(status, { ...length, ...headers });
  if (cutAfterBytes === undefined) response.end(content);
  else response.write(content.subarray(0, cutAfterBytes), () => response.destroy());
}

/** A client that does not wait between its tries; `pauses` collects how long it would have. */
export function impatientClient(options: RegistryClientOptions = {}): RegistryClient & {
  pauses: number[];
} {
  const pauses: number[] = [];
  const client = createRegistryClient({
    ...options,
    pause: async (ms) => {
      pauses.push(ms);
    },
  });
  return { ...client, pauses };
}
