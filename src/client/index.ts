export {
  type BuildMessage,
  type BuildSpec,
  buildsClient,
  type CacheSpec,
  type ContextSpec,
} from './builds.ts';
export { type ClientRequest, type Connection, connect } from './connection.ts';
export { type ImageConfig, imagesClient } from './images.ts';
export { type JobRequest, type JobView, jobsClient } from './jobs.ts';
export { usersClient } from './users.ts';
