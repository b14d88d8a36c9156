export { createRegistryAccess } from './auth/registry-access.ts';
export { defaultPolicy, type Right } from './auth/rights.ts';
export { loadSigningKey } from './auth/signing-key.ts';
export { memoryUsers, type User, type Users, userAccounts } from './auth/users.ts';
export { listRepositories, listTags } from './client/listing.ts';
export { checkLogin } from './client/login.ts';
export { createRegistryClient, type RegistryClient } from './client/registry-client.ts';
export { registrySink } from './client/registry-sink.ts';
export { registrySource } from './client/registry-source.ts';
export type { Credentials } from './credentials.ts';
export type { RepositoryName, Tag } from './repository-name.ts';
export { type Action, openAccess } from './server/access-control.ts';
export { type LocalRegistry, openLocalRegistry } from './server/local-registry.ts';
export { memoryStorage } from './server/memory-storage.ts';
export { createRegistryServer, type RegistryServer } from './server/registry-server.ts';
export type {
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
