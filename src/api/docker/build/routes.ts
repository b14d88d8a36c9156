import { invalid } from '../../../core/index.ts';
import { empty } from '../../http/reply.ts';
import { post, type Route } from '../../http/route.ts';
import { buildImage, type RunningBuilds } from './build.ts';
import { pruneBuildCache } from './cache.ts';
import type { BuildPorts } from './ports.ts';

export function buildRoutes(ports: BuildPorts): Route[] {
  const running: RunningBuilds = new Map();
  return [
    post('/build', (request) => buildImage(ports, running, request)),
    post('/build/prune', (request) => pruneBuildCache(ports, request)),
    post('/build/cancel', ({ query }) => {
      const id = query.text('id');
      if (id === '') throw invalid('build ID not provided');
      running.get(id)?.abort();
      return empty(200);
    }),
  ];
}
