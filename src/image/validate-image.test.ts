import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveOf, indexSource, sampleImage } from '../../test/contract/sample-image.ts';
import { type ByteStream, type Digest, digestOf, unavailable } from '../core/index.ts';
import { descriptorOf, encodeDocument, type Image } from './image.ts';
import { mediaTypes } from './manifest/media-types.ts';
import { assembleImage, imageSource, layerOf } from './mutate.ts';
import type { ImageSource } from './transfer/endpoints.ts';
import { validateImage } from './validate-image.ts';

const rules = async (source: ImageSource) =>
  (await validateImage(source)).map(
    ({ rule, subject }) => `${rule}: ${subject.replace(/ \(.*/, '')}`,
  );

/** The image's source with one blob's bytes changed. */
function changed(image: Image, digest: Digest, change: (bytes: Buffer) => Uint8Array): ImageSource {
  const source = imageSource(image);
  return {
    ...source,
    async *blob(descriptor, options): ByteStream {
      for await (const chunk of source.blob(descriptor, options)) {
        yield descriptor.digest === digest ? change(Buffer.from(chunk)) : chunk;
      }
    },
  };
}

const image = await sampleImage();
const [plain, gzipped, zstd] = image.layers.map((layer) => layer.descriptor.digest);

for (const [name, source, expected] of [
  ['no fault', imageSource(image), []],
  [
    'a byte of a plain layer',
    changed(image, plain!, (bytes) => bytes.fill(1, 700, 701)),
    ['digest: layer 1', 'diff-id: layer 1'],
  ],
  [
    'a plain layer that is no archive',
    changed(image, plain!, (bytes) => bytes.fill(1)),
    ['content: layer 1', 'digest: layer 1'],
  ],
  [
    'a damaged gzip layer',
    changed(image, gzipped!, (bytes) => bytes.fill(0, 5000, 5100)),
    ['content: layer 2', 'digest: layer 2'],
  ],
  [
    'a cut zstd layer',
    changed(image, zstd!, (bytes) => bytes.subarray(0, 5000)),
    ['content: layer 3', 'digest: layer 3', 'size: layer 3'],
  ],
  [
    'a config of other bytes',
    changed(image, image.manifest.config.digest, (bytes) =>
      Buffer.concat([bytes, Buffer.from(' ')]),
    ),
    ['digest: config', 'size: config'],
  ],
  [
    'a config that is none',
    changed(image, image.manifest.config.digest, () => Buffer.from('{}')),
    ['digest: config', 'size: config', 'content: config'],
  ],
] as [string, ImageSource, string[]][]) {
  test(`validate: ${name}`, async () => assert.deepEqual(await rules(source), expected));
}

test('every mismatch is told, with what was found and what was wanted', async () => {
  const layer = await layerOf(archiveOf({ a: 'b' }), 'gzip');
  const config = {
    ...image.config,
    rootfs: { type: 'layers' as const, diff_ids: [digestOf('other'), digestOf('more')] },
    history: [{}, {}, { empty_layer: true }, {}],
  };
  const wrongSize = { ...layer, descriptor: { ...layer.descriptor, size: 3 } };
  const wrong = assembleImage({ config, rawConfig: encodeDocument(config), layers: [wrongSize] });
  const findings = await validateImage(imageSource(wrong));
  assert.deepEqual(
    findings.map(({ rule, got, want }) => [rule, got, want]),
    [
      ['layer-count', '1 layers, 2 diffIds', 'as many of the one as of the other'],
      ['history', '3 entries of history that made a layer', '1, one for each layer'],
      ['size', `${layer.descriptor.size} bytes`, '3 bytes'],
      ['diff-id', layer.diffId, digestOf('other')],
    ],
  );
});

test('layers of an unknown kind', async () => {
  const layer = await layerOf(archiveOf({ a: 'b' }));
  const odd = { ...layer, descriptor: { ...layer.descriptor, mediaType: 'text/plain' } };
  const { config } = image;
  const rootfs = { type: 'layers' as const, diff_ids: [layer.diffId] };
  const mixed = { ...config, rootfs, history: [] };
  const source = imageSource(
    assembleImage({ config: mixed, rawConfig: encodeDocument(mixed), layers: [odd] }),
  );
  assert.deepEqual(await rules(source), ['media-type: layer 1']);
});

test('all images of an index are looked at, and what cannot be had is a finding', async () => {
  const { source, root } = indexSource([image, await sampleImage({ name: 'second' })]);
  assert.deepEqual(await rules(source), []);
  const failing: ImageSource = {
    ...source,
    manifest: async () => {
      throw unavailable('read manifest: registry is down');
    },
  };
  const findings = await validateImage(failing);
  assert.deepEqual(
    findings.map(({ rule, got }) => [rule, got]),
    [
      ['content', 'read manifest: registry is down'],
      ['content', 'read manifest: registry is down'],
    ],
  );
  const bytes = Buffer.concat([root.bytes, Buffer.from(' ')]);
  const lying = { ...source, root: async () => ({ ...root, bytes }) };
  assert.deepEqual((await rules(lying)).slice(0, 2), ['digest: root', 'size: root']);
});

test('a root that cannot be read at all', async () => {
  const bytes = Buffer.from('nonsense');
  const source = {
    ...imageSource(image),
    root: async () => ({ descriptor: descriptorOf(bytes, mediaTypes.ociManifest), bytes }),
  };
  assert.deepEqual(await rules(source), ['content: root']);
});

test('an abort is thrown, not reported', async () => {
  const stop = new AbortController();
  const source = imageSource(image);
  const aborting: ImageSource = {
    ...source,
    async *blob(descriptor, options): ByteStream {
      stop.abort();
      stop.signal.throwIfAborted();
      yield* source.blob(descriptor, options);
    },
  };
  await assert.rejects(validateImage(aborting, { signal: stop.signal }), { name: 'AbortError' });
});
