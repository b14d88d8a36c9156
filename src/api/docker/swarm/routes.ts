import { notFound, unavailable } from '../../../core/index.ts';
import { json } from '../../http/reply.ts';
import { get, type Route } from '../../http/route.ts';

const notManager =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** The routes of a daemon that is in no swarm and has no plugins. */
export function swarmRoutes(): Route[] {
  const paths: [Route['method'], string][] = [
    ['GET', '/swarm'],
    ['POST', '/swarm/init'],
    ['POST', '/swarm/join'],
    ['POST', '/swarm/update'],
    ['GET', '/swarm/unlockkey'],
    ['POST', '/swarm/unlock'],
    ['GET', '/tasks'],
    ['GET', '/tasks/:id'],
    ['GET', '/tasks/:id/logs'],
    ['GET', '/services/:id/logs'],
    ['GET', '/nodes'],
    ['GET', '/nodes/:id'],
    ['DELETE', '/nodes/:id'],
    ['POST', '/nodes/:id/update'],
    ...['services', 'secrets', 'configs'].flatMap((kind): [Route['method'], string][] => [
      ['GET', `/${kind}`],
      ['POST', `/${kind}/create`],
      ['GET', `/${kind}/:id`],
      ['DELETE', `/${kind}/:id`],
      ['POST', `/${kind}/:id/update`],
    ]),
  ];
  return [
    ...paths.map(([method, path]) => refuse(method, path, () => unavailable(notManager))),
    refuse('POST', '/swarm/leave', () => unavailable('This node is not part of a swarm')),
    get('/plugins', () => json([])),
    ...pluginRoutes(),
  ];
}

function pluginRoutes(): Route[] {
  const unknown = (name: string) => notFound(`plugin ${JSON.stringify(name)} not found`);
  return [
    refuse('GET', '/plugins/:name+/json', unknown),
    refuse('DELETE', '/plugins/:name+', unknown),
    ...['enable', 'disable', 'push', 'set', 'upgrade'].map((verb) =>
      refuse('POST', `/plugins/:name+/${verb}`, unknown),
    ),
  ];
}

function refuse(method: Route['method'], path: string, why: (name: string) => Error): Route {
  return {
    method,
    path,
    handle({ params }) {
      throw why(params.name ?? '');
    },
  };
}
