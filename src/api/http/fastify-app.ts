import type { ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { internal, invalid } from '../../core/index.ts';
import { answer, type OnFailure } from './answer.ts';
import { apiRequest, splitUrl } from './api-request.ts';
import { compilePath, type PathPattern } from './path-pattern.ts';
import type { Reply } from './reply.ts';
import type { Route, RouteTable } from './route.ts';
import { writeReply } from './write-reply.ts';

export interface AppOptions {
  readonly tables: readonly RouteTable[];
  /** The answer to a path no table has. */
  readonly notFound: () => Reply;
  readonly onFailure?: OnFailure;
}

/** The router of all APIs: every table and plugin, in Fastify. */
export async function fastifyApp(options: AppOptions): Promise<FastifyInstance> {
  const folds: { method: string; pattern: PathPattern }[] = [];
  const answerUnknown = async (_request: unknown, reply: FastifyReply) => {
    reply.hijack();
    await writeReply(reply.raw, options.notFound(), {});
  };
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    // No route has a schema, so nothing to compile one is loaded.
    schemaController: {
      compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas },
    },
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
  app.setNotFoundHandler(answerUnknown);
  for (const table of options.tables) {
    app.register(async (scope) => {
      // Bodies stay on the raw request: handlers read them as JSON or as a stream.
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.setErrorHandler(async (error, request, reply) => {
        reply.hijack();
        await writeReply(reply.raw, table.renderError(badContentType(error, request)), {});
      });
      for (const route of table.routes) {
        const pattern = compilePath(route.path);
        if (route.path.includes('+')) folds.push({ method: route.method, pattern });
        addRoute(scope, { route, url: pattern.url, table, onFailure: options.onFailure });
      }
    });
  }
  await app.ready();
  return app;
}

function noSchemas(): never {
  throw internal('compile a schema: routes have none');
}

function badContentType(error: unknown, request: FastifyRequest): Error {
  const type = request.headers['content-type'];
  return invalid(`unsupported Content-Type header (${type}): must be 'application/json'`, {
    cause: error,
  });
}

function addRoute(
  scope: FastifyInstance,
  added: { route: Route; url: string; table: RouteTable; onFailure?: OnFailure },
): void {
  const { route, table, onFailure } = added;
  scope.route({
    method: route.method,
    url: added.url,
    async handler(request, reply) {
      reply.hijack();
      const { raw: response } = reply;
      const url = request.originalUrl;
      const asked = apiRequest(request.raw, {
        url,
        params: request.params as Record<string, string>,
        // A handler that stops reading early still has an answer to give on this connection.
        body: {
          [Symbol.asyncIterator]: () => request.raw.iterator({ destroyOnReturn: false }),
        },
        aborts: (leave) => onEarlyClose(response, leave),
      });
      await answer(response, { table, url, onFailure }, async () => {
        await table.admit?.(asked);
        return await route.handle(asked);
      });
    },
  });
}

function onEarlyClose(response: ServerResponse, leave: () => void): void {
  if (response.destroyed) leave();
  response.once('close', () => {
    if (!response.writableFinished) leave();
  });
}
