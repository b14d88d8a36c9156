import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildResult } from '../../../build/index.ts';
import type { Digest } from '../../../core/index.ts';
import {
  type Channel,
  openChannel,
  type SessionOffers,
  serveSession,
  sessionHeaders,
} from '../../../session/index.ts';
import { type ServedApi, serveApi } from '../../http/http-fixture.ts';
import { dockerTable, pageNotFound } from '../docker-api.ts';
import * as messages from './control-messages.ts';
import { createBuildHistory } from './history/build-history.ts';
import { memoryBuildRecords } from './history/memory-build-records.ts';
import type { BuildkitPorts } from './ports.ts';
import { buildkitHijacks } from './routes.ts';
import { createSessions } from './sessions.ts';

/** Id of the image that every build gives. */
export const imageId = `sha256:${'a'.repeat(64)}` as Digest;
export type Build = BuildkitPorts['builder']['build'];

/** An API of BuildKit's routes and nothing else, whose builds are made by this function. */
export async function serve(
  build: Build,
  dropName: BuildkitPorts['dropName'] = async () => {},
): Promise<ServedApi> {
  const ports = {
    builder: { build },
    dropName,
    platform: { os: 'linux', architecture: 'amd64' },
    hostname: 'h',
    version: '1.2.3',
    cache: { usage: async () => [] },
  } as unknown as BuildkitPorts;
  const hijacks = buildkitHijacks(ports, {
    sessions: createSessions(),
    history: createBuildHistory(memoryBuildRecords()),
  });
  const table = dockerTable({ version: '1.2.3', routes: [], hijacks });
  return await serveApi({ tables: [table], notFound: pageNotFound });
}

/** A connection that was given up for another protocol. */
export async function hijack(
  api: ServedApi,
  path: string,
  headers: Record<string, string | string[]> = {},
): Promise<Socket> {
  const outgoing = httpRequest({
    socketPath: api.path,
    method: 'POST',
    path,
    agent: false,
    headers: { Connection: 'Upgrade', Upgrade: 'h2c', ...headers },
  }).end();
  const [, socket, head] = (await once(outgoing, 'upgrade')) as [unknown, Socket, Buffer];
  if (head.length > 0) socket.unshift(head);
  socket.on('error', () => {});
  return socket;
}

/** A client as buildx is one: a session, and a connection to drive its build by. */
export async function client(api: ServedApi, offers: SessionOffers): Promise<Channel> {
  serveSession(await hijack(api, '/session', sessionHeaders(offers, { id: 's1' })), offers);
  return openChannel(await hijack(api, '/grpc'));
}

/** Names the build a call belongs to. */
export const asBuild = { metadata: { [messages.buildIdHeader]: ['b1'] } };
export const moby = { Type: 'moby', Attrs: new Map([['name', 'app:1']]) };

/** Drives a build the way buildx does; gives what Solve answers. */
export async function drive(
  channel: Channel,
  attributes: Record<string, string> = {},
  exporters = [moby],
): Promise<ReadonlyMap<string, string>> {
  const asked = { Ref: 'b1', Session: 's1', Exporters: exporters };
  const solved = channel.ask(messages.solve, asked);
  solved.catch(() => {});
  await channel.ask(messages.ping, {}, asBuild);
  try {
    const FrontendOpt = new Map(Object.entries(attributes));
    const { result } = await channel.ask(
      messages.bridgeSolve,
      {
        Frontend: 'dockerfile.v0',
        FrontendOpt,
        allowResultReturn: true,
        allowResultArrayRef: true,
      },
      asBuild,
    );
    await channel.ask(messages.bridgeReturn, { result }, asBuild);
  } catch (error) {
    const status = { code: 2, message: (error as Error).message, details: [] };
    await channel.ask(messages.bridgeReturn, { error: status }, asBuild);
    throw error;
  }
  return (await solved).ExporterResponse;
}

const ignoresNothing = {
  entry: () => ({ ignored: false, prune: false, enter: () => ignoresNothing }),
};

/** What a client offers: a folder of these files, secrets and logins. */
export function contextOf(files: Record<string, string>): SessionOffers & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'berth-ctx-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const folders = { context: { root }, dockerfile: { root } };
  return {
    folders: { folders, patterns: () => ({ walk: () => ignoresNothing }) },
    secret: async (id) => Buffer.from(`secret ${id}`),
    login: async (host) => ({ username: host, secret: 'pass' }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

/** What a build gives. */
export const done = (archives: BuildResult['archives'] = []): BuildResult => ({
  imageId,
  archives,
  async [Symbol.asyncDispose]() {},
});
