import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../core/index.ts';
import { mediaTypes } from '../../image/index.ts';
import { parsePushed } from './parse-pushed.ts';

const descriptor = (name: string, extra: object = {}) => ({
  mediaType: mediaTypes.ociLayerGzip,
  digest: digestOf(name),
  size: name.length,
  ...extra,
});
const config = descriptor('config', { mediaType: mediaTypes.ociConfig });
const image = { schemaVersion: 2, config, layers: [descriptor('layer')] };
const index = { schemaVersion: 2, manifests: [descriptor('child')] };
const parse = (value: unknown, type?: string) =>
  parsePushed(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), type);
const claim = (name: string) => ({ digest: digestOf(name), sizeBytes: name.length });

test('an image names config and layers as blobs, and its type', () => {
  assert.deepEqual(parse(image, mediaTypes.ociManifest), {
    mediaType: mediaTypes.ociManifest,
    blobs: [claim('config'), claim('layer')],
    manifests: [],
    artifactType: mediaTypes.ociConfig,
  });
});

test('an index names manifests, and has an artifact type only if it says so', () => {
  assert.deepEqual(parse(index, mediaTypes.dockerManifestList), {
    mediaType: mediaTypes.dockerManifestList,
    blobs: [],
    manifests: [claim('child')],
  });
  const typed = { ...index, artifactType: 'text/x' };
  assert.equal(parse(typed, mediaTypes.ociIndex).artifactType, 'text/x');
});

test('artifact type, subject and annotations are read', () => {
  const subject = descriptor('subject');
  const artifact = { ...image, artifactType: 'text/x', subject, annotations: { a: 'b' } };
  const parsed = parse(artifact, mediaTypes.ociManifest);
  assert.equal(parsed.artifactType, 'text/x');
  assert.equal(parsed.subject, digestOf('subject'));
  assert.deepEqual(parsed.annotations, { a: 'b' });
});

test('an empty artifact type falls back to the config', () => {
  assert.equal(parse({ ...image, artifactType: '' }).artifactType, mediaTypes.ociConfig);
});

test('a foreign layer with urls is not asked for', () => {
  const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const foreign = descriptor('layer', { mediaType, urls: ['https://example.com/layer'] });
  assert.deepEqual(parse({ ...image, layers: [foreign] }).blobs, [claim('config')]);
  const noUrl = descriptor('layer', { mediaType });
  assert.equal(parse({ ...image, layers: [noUrl] }).blobs.length, 2);
});

for (const [what, value, header, expected] of [
  ['Content-Type alone', image, mediaTypes.dockerManifest, mediaTypes.dockerManifest],
  ['its parameters', image, `${mediaTypes.ociManifest}; charset=utf-8`, mediaTypes.ociManifest],
  [
    'mediaType alone',
    { ...image, mediaType: mediaTypes.dockerManifest },
    undefined,
    mediaTypes.dockerManifest,
  ],
  ['neither, an image', image, undefined, mediaTypes.ociManifest],
  ['neither, an index', index, undefined, mediaTypes.ociIndex],
] as const) {
  test(`media type from ${what}`, () => assert.equal(parse(value, header).mediaType, expected));
}

for (const [what, value, header] of [
  ['no JSON', '{', undefined],
  ['bytes that are not UTF-8', '\ud800', undefined],
  ['no object', '[]', undefined],
  ['null', 'null', undefined],
  ['schema 1', { ...image, schemaVersion: 1 }, undefined],
  ['no schema version', { ...image, schemaVersion: undefined }, undefined],
  [
    'a header of another type',
    { ...image, mediaType: mediaTypes.dockerManifest },
    mediaTypes.ociManifest,
  ],
  ['a foreign type', image, 'text/html'],
  ['schema 1 by type', image, 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
  ['no config', { ...image, config: undefined }, undefined],
  ['layers of another kind', { ...image, layers: {} }, undefined],
  ['a layer that is null', { ...image, layers: [null] }, undefined],
  ['a short digest', { ...image, layers: [descriptor('l', { digest: 'sha256:12' })] }, undefined],
  ['a path for digest', { ...image, layers: [descriptor('l', { digest: '../../x' })] }, undefined],
  ['a negative size', { ...image, layers: [descriptor('l', { size: -1 })] }, undefined],
  ['half a byte', { ...image, layers: [descriptor('l', { size: 0.5 })] }, undefined],
  ['a size in text', { ...image, layers: [descriptor('l', { size: '1' })] }, undefined],
  ['no media type', { ...image, layers: [descriptor('l', { mediaType: undefined })] }, undefined],
  ['an image and index in one', { ...image, manifests: [] }, mediaTypes.ociManifest],
  ['an index with layers', { ...index, layers: [] }, mediaTypes.ociIndex],
  ['annotations of numbers', { ...image, annotations: { a: 1 } }, undefined],
  ['a subject in text', { ...image, subject: 'x' }, undefined],
] as const) {
  test(`refused: ${what}`, () => {
    assert.throws(() => parse(value, header), { kind: 'invalid', code: 'MANIFEST_INVALID' });
  });
}
