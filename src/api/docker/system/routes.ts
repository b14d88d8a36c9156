import { invalid } from '../../../core/index.ts';
import { json, jsonLines, type Reply, text } from '../../http/reply.ts';
import { type ApiRequest, get, head, post, type Route } from '../../http/route.ts';
import { newestApiVersion } from '../api-version.ts';
import { diskUsage } from './disk-usage.ts';
import { eventRange, watchEvents } from './events.ts';
import { infoReply } from './info.ts';
import type { SystemPorts } from './ports.ts';
import { versionReply } from './version.ts';

export function systemRoutes(ports: SystemPorts): Route[] {
  return [
    get('/_ping', () => pong),
    head('/_ping', () => pong),
    get('/version', async () => json(versionReply(await ports.facts()))),
    get('/info', async () => json(infoReply(await ports.facts(), await ports.counts()))),
    get('/events', (request) => {
      eventRange(request.query);
      return jsonLines(watchEvents(ports.events, request));
    }),
    get('/system/df', (request) => diskUsage(ports.disk, request)),
    post('/auth', (request) => logIn(ports, request)),
  ];
}

const pong = text('OK', {
  'api-version': newestApiVersion,
  'builder-version': '2',
  'cache-control': 'no-cache, no-store, must-revalidate',
  pragma: 'no-cache',
  swarm: 'inactive',
});

async function logIn(ports: SystemPorts, request: ApiRequest): Promise<Reply> {
  const body = await request.json();
  if (typeof body !== 'object' || body === null) throw invalid('invalid JSON: not an object');
  const field = (name: string) => {
    const value = (body as Record<string, unknown>)[name] ?? '';
    if (typeof value !== 'string') throw invalid(`invalid JSON: field ${name} is not a string`);
    return value;
  };
  const { identityToken = '' } = await ports.checkLogin(
    {
      username: field('username'),
      password: field('password'),
      serverAddress: field('serveraddress'),
      identityToken: field('identitytoken') || undefined,
    },
    request.signal,
  );
  return json({ Status: 'Login Succeeded', IdentityToken: identityToken });
}
