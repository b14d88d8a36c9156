export { createRegistryAccess, type RegistryAccessOptions } from './auth/registry-access.ts';
export { type AccessPolicy, defaultPolicy, type Right } from './auth/rights.ts';
export { loadSigningKey } from './auth/signing-key.ts';
export { memoryUsers, type User, type Users, userAccounts } from './auth/users.ts';
export { type ListOptions, listRepositories, listTags } from './client/listing.ts';
export { checkLogin } from './client/login.ts';
export {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
} from './client/registry-client.ts';
export { registrySink, type SinkOptions } from './client/registry-sink.ts';
export { registrySource, type SourceOptions } from './client/registry-source.ts';
export { type Credentials, parseRegistryAuth } from './credentials.ts';
export {
  parseManifestReference,
  parseRepositoryName,
  type RepositoryName,
  type Tag,
} from './repository-name.ts';
export {
  type Access,
  type AccessControl,
  type AccessDecision,
  type AccessRequest,
  type Action,
  openAccess,
  type TokenReply,
  type TokenRequest,
} from './server/access-control.ts';
export type { RegistryEvent } from './server/events.ts';
export { type LocalRegistry, openLocalRegistry } from './server/local-registry.ts';
export { memoryStorage } from './server/memory-storage.ts';
export {
  createRegistryServer,
  type RegistryServer,
  type RegistryServerOptions,
} from './server/registry-server.ts';
export type {
  BlobConnection,
  BlobStorage,
  Catalog,
  ManifestStorage,
  NewManifest,
  Page,
  Referrer,
  RegistryStorage,
  StoredManifest,
  SweepOptions,
  SweepResult,
  Upload,
  UploadStorage,
} from './server/storage.ts';
