import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { notFound } from '../core/index.ts';
import { joinConnection } from './byte-messages.ts';
import { diffCopyPath } from './files/remote-folder.ts';
import { type ServeFolderOptions, serveFolder } from './files/serve-folder.ts';
import { type GrpcServer, type Methods, serveGrpc, unary } from './grpc/serve.ts';
import type { SessionHead } from './session-head.ts';
import { sessionHeader } from './session-head.ts';
import * as methods from './session-methods.ts';

/** What the client of a build lets its daemon have. What is absent is not offered. */
export interface SessionOffers {
  readonly folders?: ServeFolderOptions;
  /** Undefined for an unknown id. */
  readonly secret?: (id: string) => Promise<Uint8Array | undefined>;
  /** A connection to the agent of this id; undefined when there is none. */
  readonly agent?: (id: string) => Promise<Duplex | undefined>;
  /** Undefined where the client is not logged in. */
  readonly login?: (host: string) => Promise<methods.Login | undefined>;
}

/** The client's end of a session: answers the daemon over this connection until either ends it. */
export function serveSession(connection: Socket, offers: SessionOffers): GrpcServer {
  return serveGrpc(connection, methodsOf(offers));
}

/** The headers that announce a session of these offers. */
export function sessionHeaders(
  offers: SessionOffers,
  { id, sharedKey = '' }: { id: string; sharedKey?: string },
): Record<string, string | string[]> {
  return {
    [sessionHeader.id]: id,
    [sessionHeader.name]: 'berth',
    [sessionHeader.sharedKey]: sharedKey,
    [sessionHeader.method]: Object.keys(methodsOf(offers)),
  };
}

/** The head that the daemon reads from those headers. */
export function sessionHead(
  offers: SessionOffers,
  { id, sharedKey = '' }: { id: string; sharedKey?: string },
): SessionHead {
  const paths = Object.keys(methodsOf(offers)).map((path) => path.toLowerCase());
  return { id, sharedKey, methods: new Set(paths) };
}

function methodsOf({ folders, secret, agent, login }: SessionOffers): Methods {
  const { checkHealth, getSecret, getCredentials, checkAgent } = methods;
  return {
    [checkHealth.path]: unary(checkHealth.request, checkHealth.response, () => ({ status: 1 })),
    ...(folders && { [diffCopyPath]: (call) => serveFolder(call, folders) }),
    ...(secret && {
      [getSecret.path]: unary(getSecret.request, getSecret.response, async ({ id }) => {
        const data = await secret(id);
        if (data === undefined) throw notFound(`secret ${id}: not found`);
        return { data };
      }),
    }),
    ...(login && {
      [getCredentials.path]: unary(
        getCredentials.request,
        getCredentials.response,
        async ({ host }) => (await login(host)) ?? {},
      ),
    }),
    ...(agent && {
      [checkAgent.path]: unary(checkAgent.request, checkAgent.response, async ({ id }) => {
        const connection = await agent(id);
        if (!connection) throw notFound(`unset ssh forward key ${id}`);
        connection.destroy();
        return {};
      }),
      [methods.forwardAgentPath]: async (call) => {
        const id = call.metadata[methods.agentIdHeader]?.[0] ?? 'default';
        const connection = await agent(id);
        if (!connection) throw notFound(`unset ssh forward key ${id}`);
        call.signal.addEventListener('abort', () => connection.destroy());
        await joinConnection(call, connection);
      },
    }),
  };
}
