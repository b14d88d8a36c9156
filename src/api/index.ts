export { type DockerPorts, dockerApi, pageNotFound } from './docker/docker-api.ts';
export type { Counts, Credentials, SystemFacts, SystemPorts } from './docker/system/ports.ts';
export { type ApiServer, createApiServer, type ListenAddress } from './http/server.ts';

export type { BuildMessage } from './platform/builds/build-message.ts';
export type { BuildSpec, CacheSpec, ContextSpec } from './platform/builds/build-spec.ts';
export { buildRoutes } from './platform/builds/routes.ts';

export type { JobView } from './platform/jobs/job-view.ts';
export { type JobsBackend, jobRoutes } from './platform/jobs/routes.ts';
export { type UsersBackend, userRoutes } from './platform/users/routes.ts';
