import type { Builder, FailedSteps } from '../../build/index.ts';
import { errorKind, errorMessage } from '../../core/index.ts';
import { empty, json } from '../http/reply.ts';
import { post, type RouteTable } from '../http/route.ts';
import { statusOf } from '../http/status.ts';
import { failedStepRoutes } from './builds/failed-step-shell.ts';
import { buildRoutes } from './builds/routes.ts';
import { type ImageContentsReader, imageRoutes } from './images/routes.ts';
import { type JobsBackend, jobRoutes } from './jobs/routes.ts';
import { type UsersBackend, userRoutes } from './users/routes.ts';

/** What Berth has and Docker lacks. */
export interface PlatformPorts {
  readonly builder: Builder & { readonly failedSteps: FailedSteps };
  readonly imageContents: ImageContentsReader;
  readonly jobs: JobsBackend;
  readonly users: UsersBackend;
  /** Ends the daemon once the answer is out; with `containers` they are stopped first. */
  readonly shutDown: (options: { containers: boolean }) => void;
}

/** Berth's own API, below `/v1/`; errors are `{"message": …, "kind": …}`. */
export function platformApi(ports: PlatformPorts): RouteTable {
  const builds = buildRoutes(ports.builder);
  const failedSteps = failedStepRoutes(ports.builder.failedSteps);
  return {
    hijacks: [...builds.hijacks, ...failedSteps.hijacks],
    routes: [
      ...failedSteps.routes,
      ...imageRoutes(ports.imageContents),
      ...jobRoutes(ports.jobs),
      ...userRoutes(ports.users),
      ...builds.routes,
      post('/v1/shutdown', (request) => {
        ports.shutDown({ containers: request.query.flag('containers') });
        return empty(202);
      }),
    ],
    renderError: (error) =>
      json({ message: errorMessage(error), kind: errorKind(error) }, statusOf(error)),
  };
}
