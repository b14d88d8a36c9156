import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { digestOf } from '../../../src/core/index.ts';
import { mediaTypes } from '../../../src/image/index.ts';
import {
  absent,
  asIndex,
  asManifest,
  check,
  configText,
  descriptor,
  get,
  imageText,
  layerText,
  put,
  type Registry,
} from './registry.ts';

export function manifestPushSuite(registry: Registry): void {
  describe('push: manifests (end-7)', () => {
    const repository = 'conformance/manifests';
    const at = (reference: string) => `/v2/${repository}/manifests/${reference}`;
    before(async () => {
      await registry.pushBlob(repository, configText);
      await registry.pushBlob(repository, layerText);
    });

    test('by tag, byte for byte', async () => {
      const text = `\n ${imageText()} \n`;
      const digest = digestOf(text);
      await registry.exchange(put(at('v1'), text, asManifest), {
        status: 201,
        headers: {
          location: at(digest),
          'docker-content-digest': digest,
          'oci-subject': undefined,
        },
      });
      await registry.exchange(get(at('v1')), { status: 200, body: text });
      await registry.exchange(get(at(digest)), { status: 200, body: text });
    });

    test('by digest', async () => {
      const text = imageText({ annotations: { by: 'digest' } });
      await registry.exchange(put(at(digestOf(text)), text, asManifest), { status: 201 });
      await registry.exchange(put(at(absent), text, asManifest), {
        status: 400,
        code: 'DIGEST_INVALID',
      });
    });

    for (const mediaType of [mediaTypes.ociManifest, mediaTypes.dockerManifest]) {
      test(`type ${mediaType} comes back`, async () => {
        const text = imageText({ mediaType });
        const headers = { 'content-type': mediaType };
        await registry.exchange(put(at('typed'), text, headers), { status: 201 });
        await registry.exchange(get(at('typed')), { status: 200, headers });
      });
    }

    test('an index of pushed manifests', async () => {
      const child = imageText();
      await registry.exchange(put(at(digestOf(child)), child, asManifest), { status: 201 });
      const manifests = [descriptor(mediaTypes.ociManifest, child)];
      const index = JSON.stringify({ schemaVersion: 2, manifests });
      await registry.exchange(put(at('index'), index, asIndex), { status: 201 });
      await registry.exchange(get(at('index')), { status: 200, headers: asIndex });
    });

    test('an artifact without layers', async () => {
      await registry.pushBlob(repository, '{}');
      const config = descriptor(mediaTypes.ociEmpty, '{}');
      const text = imageText({ artifactType: 'text/x', config, layers: [] });
      await registry.exchange(put(at('artifact'), text, asManifest), { status: 201 });
    });

    test('missing blobs are named, each in an error of its own', async () => {
      const [one, two] = [
        descriptor(mediaTypes.ociLayer, 'one'),
        descriptor(mediaTypes.ociLayer, 'two'),
      ];
      const reply = await registry.exchange(
        put(at('x'), imageText({ layers: [one, two] }), asManifest),
        {
          status: 404,
          code: 'MANIFEST_BLOB_UNKNOWN',
        },
      );
      const { errors } = reply.json() as { errors: { detail: { digest: string } }[] };
      assert.deepEqual(
        errors.map(({ detail }) => detail.digest),
        [one.digest, two.digest],
      );
      await registry.exchange(get(at('x')), { status: 404 });
    });

    check('an index of a missing manifest', () => {
      const manifests = [descriptor(mediaTypes.ociManifest, 'missing')];
      const index = JSON.stringify({ schemaVersion: 2, manifests });
      return registry.exchange(put(at('x'), index, asIndex), {
        status: 404,
        code: 'MANIFEST_BLOB_UNKNOWN',
      });
    });

    check('a size that is not the blob’s', () => {
      const layers = [{ ...descriptor(mediaTypes.ociLayer, layerText), size: 5 }];
      const lie = put(at('x'), imageText({ layers }), asManifest);
      return registry.exchange(lie, { status: 400, code: 'MANIFEST_INVALID' });
    });

    test('4 MiB are taken, one byte more is 413', async () => {
      const text = imageText();
      const limit = 4 * 1024 * 1024;
      await registry.exchange(put(at('big'), text.padEnd(limit), asManifest), { status: 201 });
      await registry.exchange(put(at('big'), text.padEnd(limit + 1), asManifest), {
        status: 413,
        code: 'SIZE_INVALID',
      });
    });

    for (const [what, body, type] of [
      ['no JSON', '<html>', mediaTypes.ociManifest],
      ['nothing', '', mediaTypes.ociManifest],
      ['schema 1', '{"schemaVersion":1}', mediaTypes.ociManifest],
      [
        'another type than the header',
        imageText({ mediaType: mediaTypes.dockerManifest }),
        mediaTypes.ociManifest,
      ],
      ['a type that is no manifest', imageText(), 'application/json'],
    ] as const) {
      check(`refused: ${what}`, () =>
        registry.exchange(put(at('bad'), body, { 'content-type': type }), {
          status: 400,
          code: 'MANIFEST_INVALID',
        }),
      );
    }
  });
}
