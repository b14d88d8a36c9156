export { createRegistryAccess, type RegistryAccessOptions } from './auth/registry-access.ts';
export { type AccessPolicy, defaultPolicy, type Right } from './auth/rights.ts';
export { loadSigningKey } from './auth/signing-key.ts';
export { memoryUsers, type User, type Users, userAccounts } from './auth/users.ts';
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
export { memoryStorage } from './server/memory-storage.ts';
export {
  createRegistryServer,
  type RegistryServer,
  type RegistryServerOptions,
} from './server/registry-server.ts';
export type {
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
