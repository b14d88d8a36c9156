/**
 * The requests and answers of the OCI distribution-spec v1.1, in its own categories: pull, push,
 * content discovery, content management; against a registry in memory and one on disk. Each case
 * names the endpoint (end-N) it belongs to.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { createRegistryStorage } from '../../src/daemon/registry-storage.ts';
import {
  createRegistryServer,
  memoryStorage,
  openAccess,
  type RegistryStorage,
} from '../../src/registry/index.ts';
import { openContentStore, openDatabase } from '../../src/store/index.ts';
import { baseSuite } from './registry/base.ts';
import { managementSuite } from './registry/management.ts';
import { pullSuite } from './registry/pull.ts';
import { blobPushSuite } from './registry/push-blobs.ts';
import { manifestPushSuite } from './registry/push-manifests.ts';
import { referrerSuite } from './registry/referrers.ts';
import { registryAt } from './registry/registry.ts';
import { tagSuite } from './registry/tags.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-conformance-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function diskStorage(): Promise<RegistryStorage> {
  const content = await openContentStore({ rootPath: join(folder, 'content') });
  return createRegistryStorage(content, openDatabase(join(folder, 'berth.db')));
}

for (const [name, storage] of [
  ['in memory', memoryStorage()],
  ['on disk', await diskStorage()],
] as const) {
  describe(`registry ${name}`, () => {
    const onError = (error: unknown) => {
      throw error;
    };
    const server = createRegistryServer({ storage, access: openAccess, onError });
    let address = '';
    before(async () => {
      address = await server.listen('127.0.0.1:0');
    });
    after(() => server.close({ graceMs: 0 }));

    const registry = registryAt(() => address);
    baseSuite(registry);
    pullSuite(registry);
    blobPushSuite(registry);
    manifestPushSuite(registry);
    tagSuite(registry);
    referrerSuite(registry);
    managementSuite(registry);
  });
}
