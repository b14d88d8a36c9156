import { createServer, IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { conflict, errnoCode } from '../../core/index.ts';
import { answerHijack } from './answer-hijack.ts';
import { splitUrl } from './api-request.ts';
import { type AppOptions, fastifyApp } from './fastify-app.ts';
import { compilePath } from './path-pattern.ts';
import { listenOnUnixSocket } from './unix-listener.ts';

export interface ApiServer extends AsyncDisposable {
  /** Starts answering on one more address; throws `conflict` when another process has it. */
  listen(address: ListenAddress): Promise<void>;
  /** Stops listening and cuts the connections that are still open. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The HTTP server of every API Berth speaks; it answers on any number of addresses. */
export async function createApiServer(options: AppOptions): Promise<ApiServer> {
  const hijacks = options.tables.flatMap((table) =>
    (table.hijacks ?? []).map((route) => ({ table, route, pattern: compilePath(route.path) })),
  );
  const findHijack = (method: string | undefined, url: string) => {
    const { path } = splitUrl(url);
    return hijacks.find(({ route, pattern }) => route.method === method && pattern.match(path));
  };
  const app = await fastifyApp(options);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  function newServer(): Server {
    const server = createServer(
      {
        IncomingMessage: hijackingMessage(findHijack),
        shouldUpgradeCallback: ({ method, url }) => findHijack(method, url ?? '') !== undefined,
        // Uploads and streams may last; only a request's head has to arrive in time.
        requestTimeout: 0,
        // Build arguments and credentials travel in URL and headers; Go's servers allow as much.
        maxHeaderSize: 2 ** 20,
        headersTimeout: 60_000,
        keepAliveTimeout: 300_000,
      },
      (request, response) => app.routing(request, response),
    );
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const found = findHijack(request.method, request.url ?? '');
      if (found) void answerHijack(found, { request, socket, head }, options.onFailure);
      else socket.destroy();
    });
    return server;
  }

  return {
    async listen(address) {
      const server = newServer();
      if (address.kind === 'unix') await listenOnUnixSocket(server, address.path);
      else await listenOnTcp(server, address);
      servers.push(server);
    },
    async [Symbol.asyncDispose]() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
      await app.close();
    },
  };
}

/**
 * Node hands over the bare connection only of requests with an Upgrade header. Docker's streams work
 * without one too, so requests for them always count as upgrades.
 */
function hijackingMessage(
  isHijack: (method: string | undefined, url: string) => unknown,
): typeof IncomingMessage {
  return class extends IncomingMessage {
    constructor(socket: Socket) {
      super(socket);
      let asked = false;
      Object.defineProperty(this, 'upgrade', {
        get: () => asked || isHijack(this.method, this.url ?? '') !== undefined,
        set: (value: boolean) => {
          asked = value;
        },
      });
    }
  };
}

async function listenOnTcp(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const taken = errnoCode(error) === 'EADDRINUSE';
      reject(taken ? conflict(`listen on ${host}:${port}: address already in use`) : error);
    });
    server.listen({ host, port }, resolve);
  });
}
