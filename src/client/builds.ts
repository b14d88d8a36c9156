import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { BuildMessage, BuildSpec, CacheSpec, ContextSpec } from '../api/index.ts';
import { internal } from '../core/index.ts';
import { type Connection, connectionError } from './connection.ts';

export type { BuildMessage, BuildSpec, CacheSpec, ContextSpec };

/** The platform API's builds, typed; the order of the calls is that of `api/platform/builds`. */
export function buildsClient(connection: Connection) {
  const at = (id: string, rest = '') => `/v1/builds/${id}${rest}`;
  return {
    announce: (body: BuildSpec) =>
      connection.json<{ id: string }>({ method: 'POST', path: '/v1/builds', body }),
    async upload(id: string, name: string, stream: Readable, signal?: AbortSignal): Promise<void> {
      const path = at(id, `/contexts/${encodeURIComponent(name)}`);
      const headers = { 'content-type': 'application/x-tar' };
      await connection.json({ method: 'PUT', path, stream, headers, signal });
    },
    /** The connection on which to serve folders to the build (see session/). */
    session: (id: string, headers: Record<string, string | string[]>): Promise<Socket> =>
      connection.upgrade({
        ...{ method: 'POST', path: at(id, '/session') },
        headers: { ...headers, upgrade: 'h2c' },
      }),
    /** Ending the iteration early, or aborting, cancels the build. */
    async *run(id: string, signal?: AbortSignal): AsyncGenerator<BuildMessage> {
      const answer = await connection.send({ method: 'POST', path: at(id, '/run'), signal });
      try {
        for await (const line of linesOf(answer)) yield JSON.parse(line) as BuildMessage;
      } catch (error) {
        throw connectionError(connection.host, error);
      } finally {
        answer.destroy();
      }
    },
    output: (id: string, index: number): Promise<IncomingMessage> =>
      connection.send({ method: 'GET', path: at(id, `/outputs/${index}`) }),
    /** A shell in a step that failed and was kept; without a size it has no terminal. */
    failedStepShell: (id: string, size?: { rows: number; columns: number }): Promise<Duplex> =>
      connection.upgrade({ method: 'POST', path: `/v1/builds/steps/${id}/shell`, query: size }),
    resizeFailedStep: (id: string, size: { rows: number; columns: number }) =>
      connection.json<void>({ method: 'POST', path: `/v1/builds/steps/${id}/resize`, query: size }),
    dropFailedStep: (id: string) =>
      connection.json<void>({ method: 'DELETE', path: `/v1/builds/steps/${id}` }),
    drop: (id: string) => connection.json<void>({ method: 'DELETE', path: at(id) }),
  };
}

const longestLineCharacters = 64 * 2 ** 20;

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (rest.length > longestLineCharacters)
      throw internal('read build events: a line over 64 MiB');
    yield* lines;
  }
}
