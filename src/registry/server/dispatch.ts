import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../../core/index.ts';
import { parseRepositoryName, type RepositoryName } from '../repository-name.ts';
import type { Access } from './access-control.ts';
import { blobHandlers } from './blobs.ts';
import { discoveryHandlers } from './discovery.ts';
import { manifestHandlers } from './manifests.ts';
import { oneError } from './oci-errors.ts';
import { refuse, replyWith } from './refusals.ts';
import type { RegistryServerOptions } from './registry-server.ts';
import { readSmallBody } from './request-body.ts';
import { parseResource, type Resource, type Route, routeTable } from './routes.ts';
import { uploadHandlers } from './uploads.ts';

const tokenFormLimitBytes = 64 * 1024;

/** Answers requests below `/v2` and on `/token`; what it throws is not answered yet. */
export function dispatcher(options: RegistryServerOptions) {
  const { find, methodsOf } = routeTable(routesOf(options));

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const target = targetOf(request.url);
    const resource = target && parseResource(target.path);
    if (!target || !resource) throw notFound(`find ${request.url.slice(0, 300)}: no such resource`);
    const route = find(request.method, resource.kind);
    if (!route) {
      reply.header('allow', methodsOf(resource.kind).join(', '));
      replyWith(reply, oneError(405, 'UNSUPPORTED', 'the operation is unsupported'));
      return;
    }
    const repository = 'name' in resource ? parseRepositoryName(resource.name) : noRepository;
    const decision = await options.access.authorize({
      ...callerOf(request, options),
      needs: needsOf(route, resource, repository),
    });
    if (decision.kind !== 'granted') {
      refuse(reply, decision);
      return;
    }
    const { user, may } = decision;
    const reference = 'reference' in resource ? resource.reference : '';
    const { query } = target;
    await route.handler({ request, reply, repository, reference, query, user, may });
  }

  async function token(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const method = request.method === 'POST' ? 'POST' : 'GET';
    const parameters =
      method === 'POST'
        ? new URLSearchParams((await readSmallBody(request.raw, tokenFormLimitBytes)).toString())
        : queryOf(request.url);
    const caller = callerOf(request, options);
    const { status, headers, body } = await options.access.token({ ...caller, parameters, method });
    reply
      .code(status)
      .headers({ 'cache-control': 'no-store', ...headers })
      .send(body);
  }

  return { answer, token };
}

const noRepository = '' as RepositoryName;

function routesOf({ storage, onEvent = () => {}, blobLimitBytes }: RegistryServerOptions): Route[] {
  const manifests = manifestHandlers(storage, onEvent);
  const blobs = blobHandlers(storage.blobs);
  const discovery = discoveryHandlers(storage);
  const uploads = uploadHandlers(storage, {
    blobBytes: blobLimitBytes ?? Number.MAX_SAFE_INTEGER,
    chunkMinBytes: 1024 * 1024,
  });
  const base: Route['handler'] = async ({ reply }) => void reply.send({});
  return [
    { method: 'GET', kind: 'base', needs: [], handler: base },
    { method: 'HEAD', kind: 'base', needs: [], handler: base },
    { method: 'GET', kind: 'manifest', needs: ['pull'], handler: manifests.get },
    { method: 'HEAD', kind: 'manifest', needs: ['pull'], handler: manifests.get },
    { method: 'PUT', kind: 'manifest', needs: ['pull', 'push'], handler: manifests.put },
    { method: 'DELETE', kind: 'manifest', needs: ['delete'], handler: manifests.delete },
    { method: 'GET', kind: 'blob', needs: ['pull'], handler: blobs.get },
    { method: 'HEAD', kind: 'blob', needs: ['pull'], handler: blobs.get },
    { method: 'DELETE', kind: 'blob', needs: ['delete'], handler: blobs.delete },
    { method: 'POST', kind: 'uploads', needs: ['pull', 'push'], handler: uploads.start },
    { method: 'GET', kind: 'upload', needs: ['pull', 'push'], handler: uploads.status },
    { method: 'PATCH', kind: 'upload', needs: ['pull', 'push'], handler: uploads.append },
    { method: 'PUT', kind: 'upload', needs: ['pull', 'push'], handler: uploads.finish },
    { method: 'DELETE', kind: 'upload', needs: ['pull', 'push'], handler: uploads.cancel },
    { method: 'GET', kind: 'tags', needs: ['pull'], handler: discovery.tags },
    { method: 'GET', kind: 'referrers', needs: ['pull'], handler: discovery.referrers },
    { method: 'GET', kind: 'catalog', needs: [], handler: discovery.repositories },
  ];
}

function needsOf(route: Route, resource: Resource, repository: RepositoryName): Access[] {
  if (resource.kind === 'catalog') return [{ type: 'registry', name: 'catalog', action: '*' }];
  return route.needs.map((action) => ({ type: 'repository', name: repository, action }));
}

function targetOf(url: string): { path: string; query: URLSearchParams } | undefined {
  const mark = url.indexOf('?');
  const raw = url.slice('/v2'.length, mark < 0 ? undefined : mark);
  try {
    return { path: raw.includes('%') ? decodeURIComponent(raw) : raw, query: queryOf(url) };
  } catch {
    return undefined;
  }
}

function queryOf(url: string): URLSearchParams {
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

function callerOf(request: FastifyRequest, { publicUrl }: RegistryServerOptions) {
  const host = request.host ?? '';
  const safeHost = /^[A-Za-z0-9.\-_:[\]]+$/.test(host) ? host : 'localhost';
  return {
    authorization: request.headers.authorization,
    clientAddress: request.ip,
    origin: publicUrl ?? `${request.protocol}://${safeHost}`,
  };
}
