import { before, describe, test } from 'node:test';
import { type Digest, digestOf } from '../../../src/core/index.ts';
import { mediaTypes } from '../../../src/image/index.ts';
import { absent, check, get, imageText, layerText, type Registry } from './registry.ts';

export function pullSuite(registry: Registry): void {
  describe('pull', () => {
    const repository = 'conformance/pull';
    let digest: Digest;
    const text = imageText();
    before(async () => {
      digest = await registry.pushImage(repository, 'latest');
    });
    const at = (kind: string, reference: string) => `/v2/${repository}/${kind}/${reference}`;

    for (const method of ['GET', 'HEAD']) {
      const body = (content: string) => (method === 'HEAD' ? '' : content);
      const blob = digestOf(layerText);
      check(`${method} blob (end-2)`, () =>
        registry.exchange(
          { method, path: at('blobs', blob) },
          {
            status: 200,
            body: body(layerText),
            headers: {
              'content-length': String(layerText.length),
              'docker-content-digest': blob,
              'accept-ranges': 'bytes',
            },
          },
        ),
      );
      check(`${method} an absent blob`, () =>
        registry.exchange(
          { method, path: at('blobs', absent) },
          { status: 404, ...(method === 'GET' && { code: 'BLOB_UNKNOWN' }) },
        ),
      );
      for (const kind of ['tag', 'digest']) {
        check(`${method} manifest by ${kind} (end-3)`, () =>
          registry.exchange(
            { method, path: at('manifests', kind === 'tag' ? 'latest' : digest) },
            {
              status: 200,
              body: body(text),
              headers: {
                'content-type': mediaTypes.ociManifest,
                'content-length': String(text.length),
                'docker-content-digest': digest,
              },
            },
          ),
        );
      }
      for (const reference of ['none', absent]) {
        check(`${method} absent manifest ${reference.slice(0, 12)}`, () =>
          registry.exchange(
            { method, path: at('manifests', reference) },
            { status: 404, ...(method === 'GET' && { code: 'MANIFEST_UNKNOWN' }) },
          ),
        );
      }
    }

    check('a colon may be percent-encoded', () =>
      registry.exchange(get(at('blobs', encodeURIComponent(digestOf(layerText)))), { status: 200 }),
    );
    test('nothing changed since (ETag)', async () => {
      const { headers } = await registry.exchange(get(at('manifests', 'latest')), { status: 200 });
      const known = { 'if-none-match': headers.etag };
      await registry.exchange(get(at('manifests', 'latest'), known), { status: 304, body: '' });
    });

    for (const [range, body, contentRange] of [
      ['bytes=0-6', 'pretend', `bytes 0-6/${layerText.length}`],
      ['bytes=8-', layerText.slice(8), `bytes 8-${layerText.length - 1}/${layerText.length}`],
      [
        'bytes=-5',
        'layer',
        `bytes ${layerText.length - 5}-${layerText.length - 1}/${layerText.length}`,
      ],
    ] as const) {
      check(`blob part ${range}`, () =>
        registry.exchange(get(at('blobs', digestOf(layerText)), { range }), {
          status: 206,
          body,
          headers: { 'content-range': contentRange },
        }),
      );
    }
    check('blob part beyond its end', () =>
      registry.exchange(get(at('blobs', digestOf(layerText)), { range: 'bytes=999-' }), {
        status: 416,
        headers: { 'content-range': `bytes */${layerText.length}` },
      }),
    );
    check('If-Range of other content gives the whole', () =>
      registry.exchange(
        get(at('blobs', digestOf(layerText)), { range: 'bytes=0-1', 'if-range': '"x"' }),
        {
          status: 200,
          body: layerText,
        },
      ),
    );

    for (const [what, path, code] of [
      ['an upper-case name', '/v2/Conformance/manifests/latest', 'NAME_INVALID'],
      ['a name with ..', '/v2/a/../b/manifests/latest', 'NAME_INVALID'],
      ['a name with %2e%2e', '/v2/a/%2e%2e/b/manifests/latest', 'NAME_INVALID'],
      ['a tag of dots', '/v2/a/manifests/..', 'MANIFEST_INVALID'],
      ['a digest that is none', '/v2/a/blobs/sha256:xyz', 'DIGEST_INVALID'],
      ['a digest of another algorithm', `/v2/a/blobs/md5:${'0'.repeat(32)}`, 'DIGEST_INVALID'],
      ['a manifest digest that is none', '/v2/a/manifests/sha256:xyz', 'DIGEST_INVALID'],
    ] as const) {
      check(`refused: ${what}`, () => registry.exchange(get(path), { status: 400, code }));
    }
  });
}
