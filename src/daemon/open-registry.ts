import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createRegistryAccess,
  createRegistryServer,
  defaultPolicy,
  loadSigningKey,
  type RegistryServer,
  type Users,
} from '../registry/index.ts';
import type { ContentStore, Database } from '../store/index.ts';
import type { Config } from './config.ts';
import { warn } from './log.ts';
import { createRegistryStorage } from './registry-storage.ts';

/** The embedded registry, listening; `digests` names the content it needs. */
export async function openRegistry(options: {
  config: Config;
  content: ContentStore;
  database: Database;
  users: Users;
}): Promise<{ server: RegistryServer; digests: () => string[] }> {
  const { config, content, database, users } = options;
  const { address, port, tls, anonymous } = config.registry;
  const storage = createRegistryStorage(content, database);
  const server = createRegistryServer({
    storage,
    access: createRegistryAccess({
      users,
      policy: defaultPolicy(anonymous),
      key: loadSigningKey(join(config.rootPath, 'registry-key.pem')),
      service: 'berth',
    }),
    ...(tls && { tls: { cert: readFileSync(tls.certPath), key: readFileSync(tls.keyPath) } }),
    onError: (error, { method, url }) =>
      warn(`registry: ${method} ${url}: ${(error as Error).stack ?? error}`),
  });
  await server.listen(`${address.includes(':') ? `[${address}]` : address}:${port}`);
  return { server, digests: storage.digests };
}
