import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { conflict, errnoCode, invalid, streamOf } from '../../core/index.ts';
import { apiRequest, splitUrl } from './api-request.ts';
import { hijackable } from './hijack.ts';
import { compilePath, type PathPattern } from './path-pattern.ts';
import type { Reply } from './reply.ts';
import type { HijackRoute, RouteTable } from './route.ts';
import { statusOf } from './status.ts';
import { listenOnUnixSocket } from './unix-listener.ts';
import { readUpgradedBody } from './upgraded-body.ts';
import { writeReply } from './write-reply.ts';

export interface ApiServer extends AsyncDisposable {
  /** Starts answering on one more address; throws `conflict` when another process has it. */
  listen(address: ListenAddress): Promise<void>;
  /** Stops listening and cuts the connections that are still open. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export interface ApiServerOptions {
  /** The first one words what is wrong before a route is chosen. */
  readonly tables: readonly [RouteTable, ...RouteTable[]];
  /** The answer to a path no table has. */
  readonly notFound: () => Reply;
  /** Told of each error that is not the client's doing (status 500). */
  readonly onFailure?: (error: unknown, request: { method: string; url: string }) => void;
}

interface CompiledHijack {
  readonly table: RouteTable;
  readonly route: HijackRoute;
  readonly pattern: PathPattern;
}

/** The HTTP server of every API Berth speaks; it answers on any number of addresses. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const hijacks = options.tables.flatMap((table) =>
    (table.hijacks ?? []).map((route) => ({ table, route, pattern: compilePath(route.path) })),
  );
  const findHijack = (method: string | undefined, url: string) => {
    const { path } = splitUrl(url);
    return hijacks.find(({ route, pattern }) => route.method === method && pattern.match(path));
  };
  const app = await routeWithFastify(options);
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  function newServer(): Server {
    const server = createServer(
      {
        IncomingMessage: hijackingMessage(findHijack),
        shouldUpgradeCallback: ({ method, url }) => findHijack(method, url ?? '') !== undefined,
        // Uploads and streams may last; only a request's head has to arrive in time.
        requestTimeout: 0,
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
      if (found) void answerHijack(found, { request, socket, head }, options);
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

async function routeWithFastify(options: ApiServerOptions): Promise<FastifyInstance> {
  const folds: { method: string; pattern: PathPattern }[] = [];
  const answerUnknown = async (_request: unknown, reply: FastifyReply) => {
    reply.hijack();
    await writeReply(reply.raw, options.notFound(), {});
  };
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    routerOptions: { ignoreDuplicateSlashes: true, maxParamLength: 1024 },
    frameworkErrors: (_error, request, reply) => void answerUnknown(request, reply),
    rewriteUrl({ method, url = '' }) {
      const { path, search } = splitUrl(url);
      for (const fold of folds) {
        const folded = fold.method === method ? fold.pattern.fold(path) : undefined;
        if (folded) return folded + search;
      }
      return path + search;
    },
  });
  // Bodies stay on the raw request: handlers read them as JSON or as a stream.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  for (const table of options.tables) {
    for (const route of table.routes) {
      const pattern = compilePath(route.path);
      if (route.path.includes('+')) folds.push({ method: route.method, pattern });
      app.route({
        method: route.method,
        url: pattern.url,
        handler: async (request, reply) => {
          reply.hijack();
          const response = reply.raw;
          const asked = apiRequest(request.raw, {
            url: request.originalUrl,
            params: request.params as Record<string, string>,
            // A handler that stops reading early still has an answer to give on this connection.
            body: {
              [Symbol.asyncIterator]: () => request.raw.iterator({ destroyOnReturn: false }),
            },
            aborts: (leave) => onEarlyClose(response, leave),
          });
          await answer(response, { table, url: request.originalUrl, ...options }, async () => {
            await table.admit?.(asked);
            return await route.handle(asked);
          });
        },
      });
    }
  }
  app.setNotFoundHandler(answerUnknown);
  app.setErrorHandler(async (error, request, reply) => {
    reply.hijack();
    const type = request.headers['content-type'];
    const refused = invalid(
      `unsupported Content-Type header (${type}): must be 'application/json'`,
      {
        cause: error,
      },
    );
    await writeReply(reply.raw, options.tables[0].renderError(refused), {});
  });
  await app.ready();
  return app;
}

function onEarlyClose(response: ServerResponse, leave: () => void): void {
  if (response.destroyed) leave();
  response.once('close', () => {
    if (!response.writableFinished) leave();
  });
}

/** Runs a handler and sends its reply, or the error's in the words of its table. */
async function answer(
  response: ServerResponse,
  context: { table: RouteTable; url: string } & Pick<ApiServerOptions, 'onFailure'>,
  produce: () => Promise<Reply>,
): Promise<void> {
  const { table, url, onFailure } = context;
  try {
    await writeReply(response, await produce(), table.headers ?? {});
  } catch (error) {
    if (statusOf(error) === 500) onFailure?.(error, { method: response.req.method ?? '', url });
    if (response.destroyed) return;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    await writeReply(response, table.renderError(error), table.headers ?? {});
  }
}

async function answerHijack(
  { table, route, pattern }: CompiledHijack,
  { request, socket, head }: { request: IncomingMessage; socket: Socket; head: Buffer },
  options: ApiServerOptions,
): Promise<void> {
  const url = request.url ?? '';
  // A vanished client is seen as the socket's close; its error has nothing to add.
  socket.on('error', () => {});
  const connection = hijackable(request, socket, table.headers ?? {});
  const produce = async () => {
    const body = await readUpgradedBody(request, socket, head);
    const asked = apiRequest(request, {
      url,
      params: pattern.match(splitUrl(url).path) ?? {},
      body: streamOf(body),
      aborts: (leave) => (socket.destroyed ? leave() : socket.once('close', leave)),
    });
    await table.admit?.(asked);
    return await route.handle(asked, connection);
  };
  try {
    const reply = await produce();
    if (reply) await writeReply(connection.response(), reply, table.headers ?? {});
  } catch (error) {
    if (statusOf(error) === 500) options.onFailure?.(error, { method: request.method ?? '', url });
    if (connection.accepted || socket.destroyed) socket.destroy();
    else await writeReply(connection.response(), table.renderError(error), table.headers ?? {});
  }
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
