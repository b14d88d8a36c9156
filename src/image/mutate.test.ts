import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveOf } from '../../test/contract/sample-image.ts';
import { collect, digestOf } from '../core/index.ts';
import { layerArchive } from './image.ts';
import { mediaTypes } from './manifest/media-types.ts';
import {
  appendLayer,
  assembleImage,
  createImage,
  emptyImage,
  layerOf,
  withAnnotations,
  withConfig,
} from './mutate.ts';

const platform = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const archive = archiveOf({ 'etc/hostname': 'berth' });

test('an image grows, and what it was stays what it was', async () => {
  const empty = emptyImage(platform);
  const layer = await layerOf(archive, 'gzip');
  const one = appendLayer(empty, layer, { created_by: 'COPY . .' });
  const two = withConfig(one, (config) => ({ ...config, config: { Cmd: ['sh'] } }));
  const three = withAnnotations(withAnnotations(two, { a: '1', b: '1' }), { b: '2' });
  assert.deepEqual(empty.layers, []);
  assert.deepEqual(one.config, {
    architecture: 'arm64',
    os: 'linux',
    variant: 'v8',
    rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
    history: [{ created_by: 'COPY . .' }],
  });
  assert.equal(one.config.config, undefined);
  assert.deepEqual(two.config.config, { Cmd: ['sh'] });
  assert.deepEqual(two.manifest.annotations, undefined);
  assert.deepEqual(three.manifest.annotations, { a: '1', b: '2' });
  assert.deepEqual(appendLayer(three, layer, {}).manifest.annotations, { a: '1', b: '2' });
  for (const image of [empty, one, two, three]) {
    assert.deepEqual(JSON.parse(String(image.rawManifest.bytes)), image.manifest);
    assert.deepEqual(JSON.parse(String(image.rawConfig)), image.config);
    assert.equal(image.rawManifest.descriptor.digest, digestOf(image.rawManifest.bytes));
    assert.equal(image.manifest.config.digest, digestOf(image.rawConfig));
  }
});

test('layers say how they are compressed, and come back as they went in', async () => {
  for (const [compression, mediaType] of [
    ['none', mediaTypes.ociLayer],
    ['gzip', mediaTypes.ociLayerGzip],
    ['zstd', mediaTypes.ociLayerZstd],
  ] as const) {
    const layer = await layerOf(archive, compression);
    assert.equal(layer.descriptor.mediaType, mediaType);
    assert.equal(layer.diffId, digestOf(archive));
    assert.ok((await collect(layerArchive(layer), 1 << 20)).equals(archive));
  }
});

test("Docker's media types become OCI's; a config's own bytes are kept", async () => {
  const layer = await layerOf(archive, 'gzip');
  const descriptor = { ...layer.descriptor, mediaType: mediaTypes.dockerLayerGzip };
  const { config } = createImage({ ...emptyImage(platform), layers: [layer] });
  const rawConfig = Buffer.from(` ${JSON.stringify(config)} `);
  const image = assembleImage({ config, rawConfig, layers: [{ ...layer, descriptor }] });
  assert.equal(image.manifest.layers[0]?.mediaType, mediaTypes.ociLayerGzip);
  assert.equal(image.manifest.config.digest, digestOf(rawConfig));
});

test('the config cannot speak against the layers', async () => {
  const wrong = {
    ...emptyImage(platform).config,
    rootfs: { type: 'layers' as const, diff_ids: [digestOf('x')] },
  };
  const image = createImage({ config: wrong, layers: [await layerOf(archive)] });
  assert.deepEqual(image.config.rootfs.diff_ids, [digestOf(archive)]);
});
