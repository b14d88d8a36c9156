import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Digest, digestOf } from '../../../src/core/index.ts';
import { mediaTypes } from '../../../src/image/index.ts';
import {
  absent,
  asIndex,
  asManifest,
  check,
  descriptor,
  get,
  imageText,
  put,
  type Registry,
  type Reply,
} from './registry.ts';

export function referrerSuite(registry: Registry): void {
  describe('content discovery: referrers (end-12)', () => {
    const repository = 'conformance/referrers';
    const referrers = (digest: string, query = '') =>
      get(`/v2/${repository}/referrers/${digest}${query}`);
    const subjectText = imageText({ annotations: { role: 'subject' } });
    const subject = descriptor(mediaTypes.ociManifest, subjectText);
    const count = (reply: Reply) => (reply.json() as { manifests: object[] }).manifests.length;
    const found: Record<string, Digest> = {};
    before(async () => {
      await registry.pushBlob(repository, '{}');
      // Referrers may come before what they refer to.
      found.sbom = await registry.pushImage(repository, 'DIGEST', {
        subject,
        artifactType: 'text/sbom',
        annotations: { kind: 'sbom' },
      });
      found.byConfig = await registry.pushImage(repository, 'DIGEST', { subject });
      const index = JSON.stringify({ schemaVersion: 2, manifests: [], subject });
      found.index = digestOf(index);
      const path = `/v2/${repository}/manifests/${found.index}`;
      const told = { status: 201, headers: { 'oci-subject': subject.digest } };
      await registry.exchange(put(path, index, asIndex), told);
      await registry.exchange(put(`/v2/${repository}/manifests/s`, subjectText, asManifest), {
        status: 201,
      });
    });

    test('all of them, as an index', async () => {
      const reply = await registry.exchange(referrers(subject.digest), {
        status: 200,
        headers: asIndex,
      });
      const index = reply.json() as { schemaVersion: number; manifests: Record<string, unknown>[] };
      assert.equal(index.schemaVersion, 2);
      const byDigest = new Map(index.manifests.map((entry) => [entry.digest, entry]));
      assert.equal(byDigest.size, 3);
      assert.equal(byDigest.get(found.sbom)?.artifactType, 'text/sbom');
      assert.deepEqual(byDigest.get(found.sbom)?.annotations, { kind: 'sbom' });
      assert.equal(byDigest.get(found.byConfig)?.artifactType, mediaTypes.ociConfig);
      assert.equal(byDigest.get(found.index)?.mediaType, mediaTypes.ociIndex);
      assert.equal('artifactType' in byDigest.get(found.index)!, false);
    });
    test('filtered by type, which is told', async () => {
      const reply = await registry.exchange(referrers(subject.digest, '?artifactType=text/sbom'), {
        status: 200,
        headers: { 'oci-filters-applied': 'artifactType' },
      });
      assert.equal(count(reply), 1);
    });
    test('in pages', async () => {
      const first = await registry.exchange(referrers(subject.digest, '?n=2'), { status: 200 });
      assert.equal(count(first), 2);
      const next = /<(.*)>; rel="next"/.exec(String(first.headers.link))![1]!;
      const second = await registry.exchange(get(next), {
        status: 200,
        headers: { link: undefined },
      });
      assert.equal(count(second), 1);
    });
    test('none for a digest nobody refers to, nor in a repository nobody pushed to', async () => {
      assert.equal(
        count(await registry.exchange(referrers(absent), { status: 200, headers: asIndex })),
        0,
      );
      const nowhere = get(`/v2/conformance/nobody/referrers/${absent}`);
      assert.equal(count(await registry.exchange(nowhere, { status: 200 })), 0);
    });
    check('a digest that is none', () =>
      registry.exchange(referrers('sha256:xyz'), { status: 400, code: 'DIGEST_INVALID' }),
    );
    test('a deleted referrer is gone from the list', async () => {
      const path = `/v2/${repository}/manifests/${found.byConfig}`;
      await registry.exchange({ method: 'DELETE', path }, { status: 202 });
      assert.equal(count(await registry.exchange(referrers(subject.digest), { status: 200 })), 2);
    });
  });
}
