import { invalid } from '../../../core/index.ts';
import { empty } from '../../http/reply.ts';
import { post, type Route } from '../../http/route.ts';
import { buildImage, type RunningBuilds } from './build.ts';
import { buildBySession, type SharedBuilds } from './build-by-session.ts';
import { pruneBuildCache } from './cache.ts';
import type { BuildPorts } from './ports.ts';
import { createUploads } from './uploads.ts';

export function buildRoutes(
  ports: BuildPorts,
  shared: Pick<SharedBuilds, 'sessions' | 'history'>,
): Route[] {
  const running: RunningBuilds = new Map();
  const uploads = createUploads();
  return [
    post('/build', async (request) => {
      const { query, body, signal } = request;
      const [kind, uploadId] = query.text('buildid').split(':', 2);
      if (kind === 'upload-request' && uploadId) {
        await uploads.offer(uploadId, body, signal);
        return empty(200);
      }
      if (query.text('version') !== '2') return buildImage(ports, running, request);
      return buildBySession(ports, { ...shared, running, uploads }, request);
    }),
    post('/build/prune', (request) => pruneBuildCache(ports, request)),
    post('/build/cancel', ({ query }) => {
      const id = query.text('id');
      if (id === '') throw invalid('build ID not provided');
      running.get(id)?.abort();
      return empty(200);
    }),
  ];
}
