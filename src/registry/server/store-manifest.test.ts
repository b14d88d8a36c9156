import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BerthError, type Digest, digestOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import type { RepositoryName, Tag } from '../repository-name.ts';
import { memoryStorage } from './memory-storage.ts';
import type { RegistryStorage } from './storage.ts';
import { storeManifest } from './store-manifest.ts';

const repository = 'team/app' as RepositoryName;
const contentType = mediaTypes.ociManifest;

async function push(storage: RegistryStorage, layers: readonly Digest[]) {
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf('{}'), size: 2 };
  const manifest = {
    ...{ schemaVersion: 2, mediaType: contentType, config },
    layers: layers.map((digest) => ({ mediaType: mediaTypes.ociLayer, digest, size: 2 })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return storeManifest(storage, { repository, target: 'v1' as Tag, bytes, contentType });
}

async function withConfig(): Promise<RegistryStorage> {
  const storage = memoryStorage();
  await using upload = await storage.uploads.create(repository);
  await upload.write(Buffer.from('{}'));
  await upload.commit(digestOf('{}'));
  return storage;
}

test('content that is named thousands of times is looked up once', async () => {
  const storage = await withConfig();
  const asked: Digest[] = [];
  const { sizeOf } = storage.blobs;
  storage.blobs.sizeOf = (name, digest) => {
    asked.push(digest);
    return sizeOf(name, digest);
  };
  await push(storage, Array(5000).fill(digestOf('{}')));
  assert.deepEqual(asked, [digestOf('{}')]);
});

test('of very much that is missing, the first hundred are told', async () => {
  const storage = await withConfig();
  const layers = Array.from({ length: 5000 }, (_, index) => digestOf(`${index}`));
  await assert.rejects(push(storage, layers), (error) => {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, 'MANIFEST_BLOB_UNKNOWN');
    assert.deepEqual(error.details, { missing: layers.slice(0, 100) });
    return true;
  });
});
