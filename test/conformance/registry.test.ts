/**
 * The requests and answers of the OCI distribution-spec v1.1, in its own categories: pull, push,
 * content discovery, content management. Each case names the endpoint (end-N) it belongs to.
 */
import { after, before } from 'node:test';
import { createRegistryServer, memoryStorage, openAccess } from '../../src/registry/index.ts';
import { baseSuite } from './registry/base.ts';
import { managementSuite } from './registry/management.ts';
import { pullSuite } from './registry/pull.ts';
import { blobPushSuite } from './registry/push-blobs.ts';
import { manifestPushSuite } from './registry/push-manifests.ts';
import { referrerSuite } from './registry/referrers.ts';
import { registryAt } from './registry/registry.ts';
import { tagSuite } from './registry/tags.ts';

const server = createRegistryServer({
  storage: memoryStorage(),
  access: openAccess,
  onError: (error) => {
    throw error;
  },
});
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
