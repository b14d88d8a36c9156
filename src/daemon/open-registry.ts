import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '../core/index.ts';
import {
  createRegistryAccess,
  createRegistryServer,
  defaultPolicy,
  type LocalRegistry,
  loadSigningKey,
  openLocalRegistry,
  type RegistryServer,
  type Users,
} from '../registry/index.ts';
import type { ContentStore, Database } from '../store/index.ts';
import type { Config } from './config.ts';
import { warn } from './log.ts';
import { createRegistryStorage } from './registry-storage.ts';

const dayMs = 24 * 3_600_000;
/** Uploads nobody went on with, and blobs no manifest followed, are kept so long. */
const abandonedUploadMs = 7 * dayMs;
const unreferencedBlobMs = dayMs;

export interface EmbeddedRegistry {
  readonly server: RegistryServer;
  /** The same registry without HTTP, and the domains that mean it. */
  readonly own: { readonly registry: LocalRegistry; readonly domains: ReadonlySet<string> };
  /** All content the registry needs. */
  digests(): Digest[];
  /** Forgets what nobody will come back for; its content is garbage from then on. */
  sweep(): Promise<void>;
}

/** The embedded registry, listening. */
export async function openRegistry(options: {
  config: Config;
  content: ContentStore;
  database: Database;
  users: Users;
}): Promise<EmbeddedRegistry> {
  const { config, content, database, users } = options;
  const { address, port, tls, anonymous } = config.registry;
  const storage = createRegistryStorage(content, database);
  const access = createRegistryAccess({
    users,
    policy: defaultPolicy(anonymous),
    key: loadSigningKey(join(config.rootPath, 'registry-key.pem')),
    service: 'berth',
  });
  const server = createRegistryServer({
    storage,
    access,
    ...(tls && { tls: { cert: readFileSync(tls.certPath), key: readFileSync(tls.keyPath) } }),
    onError: (error, { method, url }) =>
      warn(`registry: ${method} ${url}: ${(error as Error).stack ?? error}`),
  });
  await server.listen(`${address.includes(':') ? `[${address}]` : address}:${port}`);
  return {
    server,
    own: { registry: openLocalRegistry({ storage, access }), domains: ownDomains(address, port) },
    digests: storage.digests,
    async sweep() {
      await storage.uploads.expire(Date.now() - abandonedUploadMs);
      await storage.catalog.sweep({ unreferencedBeforeMs: Date.now() - unreferencedBlobMs });
    },
  };
}

/** What people on this machine, or elsewhere if it listens there, call a registry at the address. */
export function ownDomains(address: string, port: number): Set<string> {
  const isLoopback = address.startsWith('127.') || address === '::1' || address === 'localhost';
  const isEverywhere = address === '0.0.0.0' || address === '::';
  const interfaces = isEverywhere ? Object.values(networkInterfaces()).flat() : [];
  const hosts = [
    address,
    ...(isLoopback || isEverywhere ? ['localhost', '127.0.0.1'] : []),
    ...(isEverywhere ? [hostname(), '::1'] : []),
    ...interfaces.flatMap((found) => found?.address ?? []),
  ];
  return new Set(hosts.map((host) => `${host.includes(':') ? `[${host}]` : host}:${port}`));
}
