import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import {
  conflict,
  errnoCode,
  errorMessage,
  internal,
  invalid,
  notFound,
  unavailable,
} from '../../core/index.ts';
import type { AccessControl } from './access-control.ts';
import { dispatcher } from './dispatch.ts';
import type { RegistryEvent } from './events.ts';
import { fail } from './refusals.ts';
import { noteHesitating } from './request-body.ts';
import type { RegistryStorage } from './storage.ts';

export interface RegistryServerOptions {
  readonly storage: RegistryStorage;
  readonly access: AccessControl;
  /** Serves HTTPS; PEM texts. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** How clients name this server, where that is not what they connect to: `https://host:port`. */
  readonly publicUrl?: string;
  /** Believes X-Forwarded-Proto and X-Forwarded-For; only behind a proxy that sets them. */
  readonly trustProxy?: boolean;
  /** Largest blob taken; unlimited by default. */
  readonly blobLimitBytes?: number;
  /** A connection silent for so long is closed. */
  readonly idleTimeoutMs?: number;
  readonly onEvent?: (event: RegistryEvent) => void;
  /** Told of every error that was this side's fault. */
  readonly onError: (error: unknown, request: { method: string; url: string }) => void;
}

export interface RegistryServer extends AsyncDisposable {
  /** Starts to listen on `ADDRESS:PORT` (port 0: any); gives the address taken. Throws `conflict`. */
  listen(address: string): Promise<string>;
  /**
   * Takes no more connections, lets requests end for `graceMs`, then cuts them; uploads that are cut
   * can be resumed after the next start.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** A registry speaking the OCI distribution protocol v1.1 (and so Docker's V2) over HTTP. */
export function createRegistryServer(options: RegistryServerOptions): RegistryServer {
  const app = openApp(options);
  const { answer, token } = dispatcher(options);
  const handled =
    (work: (request: FastifyRequest, reply: FastifyReply) => Promise<void>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        await work(request, reply);
      } catch (error) {
        fail(request, reply, error, options.onError);
      }
      return reply;
    };
  app.all('/v2', handled(answer));
  app.all('/v2/*', handled(answer));
  app.route({ method: ['GET', 'POST'], url: '/token', handler: handled(token) });
  app.setNotFoundHandler(
    handled(async (request) => {
      throw notFound(`find ${request.url.slice(0, 300)}: no such resource`);
    }),
  );
  app.setErrorHandler(async (error, request, reply) => {
    fail(request, reply, error, options.onError);
    return reply;
  });
  return serving(app);
}

function noSchemas(): never {
  throw internal('compile a schema: routes have none');
}

function openApp({ tls, trustProxy = false, idleTimeoutMs = 120_000 }: RegistryServerOptions) {
  const limits = { headersTimeout: 20_000, connectionsCheckingInterval: 5_000 };
  const common = {
    trustProxy,
    // A large blob on a slow line may take hours; silence and slowness are cut off elsewhere.
    requestTimeout: 0,
    connectionTimeout: idleTimeoutMs,
    keepAliveTimeout: 75_000,
    forceCloseConnections: 'idle' as const,
    exposeHeadRoutes: false,
    // No route has a schema, so nothing to compile one is loaded.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
    routerOptions: { maxParamLength: 8192 },
  };
  const app: FastifyInstance = tls
    ? (fastify({
        ...common,
        https: { ...limits, ...tls, handshakeTimeout: 15_000 },
      }) as unknown as FastifyInstance)
    : fastify({ ...common, http: limits });
  app.server.on('checkContinue', (request, response) => {
    noteHesitating(request, response);
    app.server.emit('request', request, response);
  });
  app.removeAllContentTypeParsers();
  // Bodies stay streams: handlers read them, with their own limits.
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('docker-distribution-api-version', 'registry/2.0');
    reply.header('x-content-type-options', 'nosniff');
    done();
  });
  return app;
}

function serving(app: FastifyInstance): RegistryServer {
  async function close({ graceMs = 5_000 }: { graceMs?: number } = {}): Promise<void> {
    const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
    }
  }
  return {
    async listen(address) {
      const { host, port } = parseListenAddress(address);
      try {
        await app.listen({ host, port });
      } catch (cause) {
        throw listenError(address, cause);
      }
      const taken = app.server.address() as AddressInfo;
      return taken.family === 'IPv6'
        ? `[${taken.address}]:${taken.port}`
        : `${taken.address}:${taken.port}`;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function listenError(address: string, cause: unknown): Error {
  const code = errnoCode(cause);
  if (code === 'EADDRINUSE') {
    return conflict(`listen tcp ${address}: bind: address already in use`, { code, cause });
  }
  return unavailable(`listen tcp ${address}: ${errorMessage(cause)}`, { code, cause });
}

/** Reads `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000` and `:5000`. Throws `invalid`. */
function parseListenAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw invalid(`listen on "${address}": must be ADDRESS:PORT, such as 127.0.0.1:5000`);
  }
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
}
