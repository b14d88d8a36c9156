export type { JobView } from './platform/jobs/job-view.ts';
export { type JobsBackend, jobRoutes } from './platform/jobs/routes.ts';
export { type UsersBackend, userRoutes } from './platform/users/routes.ts';
