import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf, notFound } from '../../core/index.ts';
import { mediaTypes, openImage } from '../../image/index.ts';
import type { RemoteBlobs } from '../remote-blobs.ts';
import { contentSource } from './content-source.ts';

const platform = { os: 'linux', architecture: 'amd64' };

function blobsOf(contents: Map<string, Uint8Array>): RemoteBlobs {
  const find = (digest: Digest) => {
    const bytes = contents.get(digest);
    if (!bytes) throw notFound(`content ${digest}: not found`);
    return bytes;
  };
  return {
    sizeOf: async (digest) => find(digest).length,
    async *open(digest, { offset }) {
      yield find(digest).subarray(offset);
    },
  };
}

/** An index of one image without layers. */
function sample() {
  const contents = new Map<string, Uint8Array>();
  const add = (mediaType: string, document: object) => {
    const bytes = Buffer.from(JSON.stringify(document));
    const digest = digestOf(bytes);
    contents.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = add(mediaTypes.ociConfig, {
    ...platform,
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const versioned = { schemaVersion: 2 };
  const manifest = add(mediaTypes.ociManifest, {
    ...{ ...versioned, mediaType: mediaTypes.ociManifest, config, layers: [] },
  });
  const index = add(mediaTypes.ociIndex, {
    ...{ ...versioned, mediaType: mediaTypes.ociIndex },
    manifests: [{ ...manifest, platform }],
  });
  return { contents, config, manifest, index };
}

test('an image is read from its index, or its manifest', async () => {
  const { contents, index, manifest, config } = sample();
  for (const { digest } of [index, manifest]) {
    const image = await openImage(contentSource(blobsOf(contents), digest), { platform });
    assert.equal(image.manifest.config.digest, config.digest);
  }
});

test('what is not what its digest says is refused', async () => {
  for (const what of ['index', 'manifest', 'config'] as const) {
    const { contents, ...parts } = sample();
    const { digest } = parts[what];
    const text = Buffer.from(contents.get(digest)!).toString();
    contents.set(digest, Buffer.from(text.replace('"amd64"', '"arm64"').replace(':2,', ':2 ,')));
    const source = contentSource(blobsOf(contents), parts.index.digest);
    await assert.rejects(openImage(source, { platform }), { kind: 'invalid' }, what);
  }
});

test('a manifest that is too large, too long or none at all is refused', async () => {
  const digest = digestOf('x');
  const text = (bytes: string) => blobsOf(new Map([[digest as string, Buffer.from(bytes)]]));
  const claims = { ...text('x'), sizeOf: async () => 1e9 };
  await assert.rejects(contentSource(claims, digest).root(), /1000000000 bytes are over/);
  async function* endless() {
    for (;;) yield Buffer.alloc(1 << 20);
  }
  const endlessly = { ...text('x'), open: endless };
  await assert.rejects(contentSource(endlessly, digest).root(), { kind: 'invalid' });
  await assert.rejects(contentSource(text('{}'), digest).root(), { kind: 'invalid' });
  await assert.rejects(contentSource(blobsOf(new Map()), digest).root(), { kind: 'not-found' });
});
