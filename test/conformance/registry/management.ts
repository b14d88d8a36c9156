import { describe, test } from 'node:test';
import { digestOf } from '../../../src/core/index.ts';
import { type Call, get, layerText, type Registry } from './registry.ts';

export function managementSuite(registry: Registry): void {
  describe('content management (end-9, end-10)', () => {
    const repository = 'conformance/management';
    const manifest = (reference: string) => `/v2/${repository}/manifests/${reference}`;
    const remove = (path: string): Call => ({ method: 'DELETE', path });

    test('a deleted tag leaves its manifest and the other tags', async () => {
      const digest = await registry.pushImage(repository, 'one');
      await registry.pushImage(repository, 'two');
      await registry.exchange(remove(manifest('one')), { status: 202 });
      await registry.exchange(get(manifest('one')), { status: 404, code: 'MANIFEST_UNKNOWN' });
      await registry.exchange(remove(manifest('one')), { status: 404, code: 'MANIFEST_UNKNOWN' });
      await registry.exchange(get(manifest('two')), { status: 200 });
      await registry.exchange(get(manifest(digest)), { status: 200 });
    });

    test('a deleted manifest takes its tags, and the repository stays', async () => {
      const digest = await registry.pushImage(repository, 'three');
      await registry.exchange(remove(manifest(digest)), { status: 202 });
      await registry.exchange(get(manifest('three')), { status: 404 });
      await registry.exchange(remove(manifest(digest)), { status: 404, code: 'MANIFEST_UNKNOWN' });
      const body = JSON.stringify({ name: repository, tags: [] });
      await registry.exchange(get(`/v2/${repository}/tags/list`), { status: 200, body });
    });

    test('a blob goes, unless a manifest names it', async () => {
      const digest = await registry.pushImage(repository, 'four');
      const blob = `/v2/${repository}/blobs/${digestOf(layerText)}`;
      await registry.exchange(remove(blob), { status: 405, code: 'UNSUPPORTED' });
      await registry.exchange(remove(manifest(digest)), { status: 202 });
      await registry.exchange(remove(blob), { status: 202 });
      await registry.exchange(get(blob), { status: 404, code: 'BLOB_UNKNOWN' });
      await registry.exchange(remove(blob), { status: 404, code: 'BLOB_UNKNOWN' });
    });

    test('deleting in one repository leaves the blob of another', async () => {
      const digest = await registry.pushBlob(repository, 'shared');
      await registry.pushBlob('conformance/keeper', 'shared');
      await registry.exchange(remove(`/v2/${repository}/blobs/${digest}`), { status: 202 });
      await registry.exchange(get(`/v2/conformance/keeper/blobs/${digest}`), {
        status: 200,
        body: 'shared',
      });
    });
  });
}
