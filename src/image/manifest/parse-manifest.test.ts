import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../core/index.ts';
import { chainIds } from './chain-id.ts';
import { mediaTypes } from './media-types.ts';
import { parseImageConfig } from './parse-image-config.ts';
import { manifestTypeOf, parseIndex, parseManifest } from './parse-manifest.ts';

const digest = digestOf('x');
const config = { mediaType: mediaTypes.ociConfig, digest, size: 1 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest, size: 2 };
const manifest = { schemaVersion: 2, config, layers: [layer] };
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));
const type = mediaTypes.ociManifest;

test('a manifest, its optional fields and unknown ones', () => {
  const found = parseManifest(
    bytes({
      ...manifest,
      mediaType: type,
      unknown: { deep: [1] },
      annotations: { a: 'b' },
      subject: { ...config, artifactType: 'x/y', urls: ['https://example.org'], extra: 1 },
    }),
    type,
  );
  assert.deepEqual(found, {
    schemaVersion: 2,
    mediaType: type,
    config,
    layers: [layer],
    annotations: { a: 'b' },
    subject: { ...config, artifactType: 'x/y', urls: ['https://example.org'] },
  });
});

test('the media type comes from the announcement when the manifest is silent', () => {
  assert.equal(parseManifest(bytes(manifest), type).mediaType, type);
  const docker = mediaTypes.dockerManifest;
  assert.equal(parseManifest(bytes({ ...manifest, mediaType: docker }), docker).mediaType, docker);
});

test('nulls stand for absent values', () => {
  const found = parseManifest(bytes({ ...manifest, layers: null, annotations: null }), type);
  assert.deepEqual(found, { schemaVersion: 2, mediaType: type, config, layers: [] });
});

test('an index, with platforms', () => {
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7', 'os.version': '1', other: 1 };
  const found = parseIndex(
    bytes({ schemaVersion: 2, manifests: [{ ...layer, mediaType: type, platform }] }),
    mediaTypes.ociIndex,
  );
  const { other: _, ...known } = platform;
  assert.deepEqual(found.manifests, [{ ...layer, mediaType: type, platform: known }]);
});

for (const [name, value, message] of [
  ['not JSON', '{', /parse manifest: it is not JSON/],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /it is not UTF-8/],
  ['empty', '', /it is not JSON/],
  ['no object', [], /parse manifest: it is a list, not an object/],
  ['null', null, /it is null, not an object/],
  ['deeply nested', Buffer.from('['.repeat(2e6) + ']'.repeat(2e6)), /not an object|not JSON/],
  ['4 MiB and more', Buffer.alloc(4 * 2 ** 20 + 1, ' '), /4194305 bytes are over 4194304/],
  ['no schema version', { config, layers: [] }, /schemaVersion is absent, not 2/],
  ['no config', { schemaVersion: 2, layers: [] }, /config is absent, not an object/],
  ['layers no list', { ...manifest, layers: {} }, /layers is an object, not a list/],
  ['layer no object', { ...manifest, layers: ['x'] }, /layers\[0\] is "x", not an object/],
  [
    'bad digest',
    { ...manifest, layers: [layer, { ...layer, digest: 'sha256:../../x' }] },
    /layers\[1\].digest is "sha256:\.\.\/\.\.\/x", not a digest/,
  ],
  [
    'unknown algorithm',
    { ...manifest, config: { ...config, digest: 'md5:00' } },
    /config.digest is "md5:00"/,
  ],
  [
    'negative size',
    { ...manifest, config: { ...config, size: -1 } },
    /config.size is -1, not a size/,
  ],
  ['fractional size', { ...manifest, config: { ...config, size: 1.5 } }, /config.size is 1.5/],
  [
    'size beyond 2^53',
    { ...manifest, config: { ...config, size: 1e300 } },
    /config.size is 1e\+300/,
  ],
  ['size as text', { ...manifest, config: { ...config, size: '1' } }, /config.size is "1"/],
  ['empty media type', { ...manifest, config: { ...config, mediaType: '' } }, /config.mediaType/],
  [
    'annotation no text',
    { ...manifest, annotations: { a: 1 } },
    /annotations\["a"\] is 1, not text/,
  ],
  ['also an index', { ...manifest, manifests: [] }, /it has "manifests"/],
  [
    'says to be another',
    { ...manifest, mediaType: mediaTypes.ociIndex },
    /it says to be "[^"]*index[^"]*", but was announced/,
  ],
] as const) {
  test(`bad manifest: ${name}`, () => {
    const raw = Buffer.isBuffer(value)
      ? value
      : typeof value === 'string'
        ? Buffer.from(value)
        : bytes(value);
    assert.throws(() => parseManifest(raw, type), {
      kind: 'invalid',
      code: 'MANIFEST_INVALID',
      message,
    });
  });
}

test('schema 1 and foreign media types are unsupported', () => {
  const unsupported = { kind: 'unsupported' };
  assert.throws(() => parseManifest(bytes({ schemaVersion: 1, layers: [] }), type), unsupported);
  assert.throws(() => parseManifest(bytes(manifest), mediaTypes.ociIndex), unsupported);
  assert.throws(() => parseManifest(bytes(manifest), 'text/html'), unsupported);
  assert.throws(() => parseIndex(bytes({}), type), unsupported);
});

test('an index that is also a manifest', () => {
  const both = bytes({ schemaVersion: 2, manifests: [], layers: [layer] });
  assert.throws(() => parseIndex(both, mediaTypes.ociIndex), /it has "layers"/);
});

test('own keys only: __proto__ is a key like any other', () => {
  const raw = Buffer.from(
    `{"__proto__": {"schemaVersion": 2, "layers": []}, "config": ${JSON.stringify(config)}}`,
  );
  assert.throws(() => parseManifest(raw, type), /schemaVersion is absent/);
  const labels = parseImageConfig(
    Buffer.from('{"rootfs":{"type":"layers"},"config":{"Labels":{"__proto__":"x"}}}'),
  ).config?.Labels;
  assert.deepEqual(Object.keys(labels ?? {}), ['__proto__']);
});

test('the type of a manifest that nobody announced', () => {
  assert.equal(manifestTypeOf(bytes(manifest)), type);
  assert.equal(manifestTypeOf(bytes({ schemaVersion: 2, manifests: [] })), mediaTypes.ociIndex);
  const list = mediaTypes.dockerManifestList;
  assert.equal(manifestTypeOf(bytes({ mediaType: list, manifests: [] })), list);
  assert.throws(() => manifestTypeOf(bytes({})), { kind: 'invalid' });
  assert.throws(() => manifestTypeOf(bytes({ mediaType: 'text/html', config })), {
    kind: 'invalid',
  });
});

test('a config as Docker writes it', () => {
  const found = parseImageConfig(
    bytes({
      architecture: 'amd64',
      os: 'linux',
      created: '2024-01-01T00:00:00Z',
      docker_version: '20.10',
      container_config: { Cmd: 1 },
      config: {
        User: 'app',
        Env: ['A=b'],
        Cmd: ['sh'],
        Entrypoint: null,
        ExposedPorts: { '80/tcp': {} },
        Volumes: { '/data': null },
        Labels: null,
        OnBuild: [],
        Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
        ArgsEscaped: true,
        AttachStdin: false,
      },
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created_by: 'RUN x' }, { empty_layer: true }],
    }),
  );
  assert.deepEqual(found, {
    architecture: 'amd64',
    os: 'linux',
    created: '2024-01-01T00:00:00Z',
    config: {
      User: 'app',
      Env: ['A=b'],
      Cmd: ['sh'],
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
      OnBuild: [],
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9 },
      ArgsEscaped: true,
    },
    rootfs: { type: 'layers', diff_ids: [digest] },
    history: [{ created_by: 'RUN x' }, { empty_layer: true }],
  });
});

test('the least config, and a lone string for a list of words', () => {
  assert.deepEqual(parseImageConfig(bytes({ rootfs: { type: 'layers', diff_ids: null } })), {
    architecture: '',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const words = { rootfs: { type: 'layers' }, config: { Cmd: 'sh', Shell: ['sh', '-c'] } };
  assert.deepEqual(parseImageConfig(bytes(words)).config, { Cmd: ['sh'], Shell: ['sh', '-c'] });
});

for (const [name, value, message] of [
  ['no rootfs', {}, /parse image config: rootfs is absent, not an object/],
  ['other rootfs', { rootfs: { type: 'tar' } }, /rootfs.type is "tar", not "layers"/],
  ['bad diff id', { rootfs: { type: 'layers', diff_ids: ['x'] } }, /rootfs.diff_ids\[0\]/],
  [
    'env no list',
    { rootfs: { type: 'layers' }, config: { Env: 'A=b' } },
    /config.Env is "A=b", not a list/,
  ],
  [
    'env of numbers',
    { rootfs: { type: 'layers' }, config: { Env: [1] } },
    /config.Env\[0\] is 1, not text/,
  ],
  [
    'label no text',
    { rootfs: { type: 'layers' }, config: { Labels: { 'a b': {} } } },
    /config.Labels\["a b"\]/,
  ],
  [
    'history no list',
    { rootfs: { type: 'layers' }, history: {} },
    /history is an object, not a list/,
  ],
  [
    'interval no number',
    { rootfs: { type: 'layers' }, config: { Healthcheck: { Interval: '1s' } } },
    /Interval is "1s"/,
  ],
] as const) {
  test(`bad config: ${name}`, () => {
    assert.throws(() => parseImageConfig(bytes(value)), { kind: 'invalid', message });
  });
}

test('chain ids, as the image specification defines them', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((text) => digestOf(text)) as [
    typeof digest,
    typeof digest,
    typeof digest,
  ];
  const ab = digestOf(`${a} ${b}`);
  assert.deepEqual(chainIds([a, b, c]), [a, ab, digestOf(`${ab} ${c}`)]);
  assert.deepEqual(chainIds([]), []);
});
