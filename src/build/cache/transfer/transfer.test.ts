import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf, parseReference, streamOf } from '../../../core/index.ts';
import { descriptorOf, encodeDocument, type Manifest, mediaTypes } from '../../../image/index.ts';
import type { CacheAddress } from '../../builder.ts';
import type { BuilderPorts } from '../../builder-ports.ts';
import { createBuildKit } from '../../testing/build-kit.ts';
import { createMemoryImages } from '../../testing/memory-images.ts';
import { cacheConfigType, encodeCache, parseCache } from './cache-document.ts';

const address: CacheAddress = {
  kind: 'registry',
  reference: parseReference('registry.example/me/cache:main'),
};

function stores(images: ReturnType<typeof createMemoryImages>): Pick<BuilderPorts, 'cacheStores'> {
  return {
    cacheStores: { source: async () => images.source('main'), sink: async () => images.sink },
  };
}

const dockerfile = `FROM base AS tools
RUN write /tool 1
FROM base
COPY --from=tools /tool /bin/
RUN write /made 2
`;

async function twoMachines(images: ReturnType<typeof createMemoryImages>) {
  const first = await createBuildKit({ ports: stores(images) });
  const second = await createBuildKit({ ports: stores(images) });
  for (const kit of [first, second]) await kit.addImage('base:latest', {});
  return { first, second };
}

test('a cache written on one machine spares another the work', async () => {
  const images = createMemoryImages();
  const { first, second } = await twoMachines(images);
  const made = await first.build(dockerfile, { cacheTo: [{ ...address, mode: 'max' }] });
  const built = await second.build(dockerfile, { cacheFrom: [address] });
  assert.equal(second.runner.requests.length, 0);
  assert.deepEqual(Object.values(built.outcomes), ['done', 'cached', 'cached', 'cached']);
  assert.equal(built.file('/made'), '2');
  assert.equal(built.file('/bin/tool'), '1');
  assert.deepEqual(built.config.rootfs, made.config.rootfs);
  assert.equal(built.imageId, made.imageId);
  assert.equal(
    [...second.ports.filesystems.layersByChain.keys()].length,
    3,
    'the layers of the other stage were not even fetched',
  );
  const again = await second.build(dockerfile);
  assert.equal(again.imageId, made.imageId);
  assert.equal(second.runner.requests.length, 1, 'the other stage was never here');
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

test('mode min holds the layers of the image alone', async () => {
  const images = createMemoryImages();
  const { first, second } = await twoMachines(images);
  await first.build(dockerfile, { cacheTo: [address] });
  const manifest = JSON.parse(Buffer.from(images.manifests.get('main')!.bytes).toString());
  assert.equal(manifest.layers.length, 2);
  assert.equal(manifest.config.mediaType, cacheConfigType);
  const built = await second.build(dockerfile, { cacheFrom: [address] });
  assert.equal(second.runner.requests.length, 1);
  assert.equal(built.file('/made'), '2');
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

test('an inline cache travels in the image', async () => {
  const images = createMemoryImages();
  const { first, second } = await twoMachines(images);
  await first.build('FROM base\nRUN write /a 1\nENV X=1\n', { cacheTo: [{ kind: 'inline' }] });
  const { config } = first.written.at(-1)!;
  const { filesystems, layers } = first.ports;
  const stack = await filesystems.layers([...filesystems.layersByChain.keys()].at(-1)!);
  const blobs = await Promise.all(stack.map(({ chain }) => layers.blob(chain)));
  for (const { descriptor, open } of blobs) await images.sink.putBlob(descriptor, open, {});
  const raw = Buffer.from(JSON.stringify(config));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(raw, mediaTypes.ociConfig),
    layers: blobs.map(({ descriptor }) => descriptor),
  };
  await images.sink.putBlob(manifest.config, () => streamOf(raw), {});
  const bytes = encodeDocument(manifest);
  const descriptor = descriptorOf(bytes, mediaTypes.ociManifest);
  await images.sink.putManifest({ descriptor, bytes }, { tags: ['main'] });

  const built = await second.build('FROM base\nRUN write /a 1\nRUN write /b 2\n', {
    cacheFrom: [address],
  });
  assert.equal(second.runner.requests.length, 1);
  assert.equal(built.file('/a'), '1');
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

test('a cache that is not there, or is damaged, is a warning', async () => {
  const images = createMemoryImages();
  const { first, second } = await twoMachines(images);
  const without = await second.build(dockerfile, { cacheFrom: [address] });
  assert.ok(
    without.events.some((event) => event.kind === 'warning' && /not found/.test(event.message)),
  );
  await first.build(dockerfile, { cacheTo: [address] });
  const { config } = JSON.parse(Buffer.from(images.manifests.get('main')!.bytes).toString());
  images.blobs.set(config.digest, Buffer.from('{}'));
  const damaged = await second.build(dockerfile, { cacheFrom: [address], noCache: true });
  assert.ok(damaged.events.some((event) => event.kind === 'warning'));
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

test('hostile documents are refused', () => {
  const layer = {
    chain: digestOf('chain'),
    diffId: digestOf('diff'),
    sizeBytes: 1,
    blob: digestOf('blob'),
  };
  const record = {
    key: digestOf('key'),
    chain: digestOf('chain'),
    identity: 'i',
    sizeBytes: 1,
    description: 'RUN x',
    site: '',
    inputs: { a: 'b' },
    createdAtMs: 1,
    quick: [],
  };
  const manifest = {
    layers: [{ mediaType: mediaTypes.ociLayer, digest: digestOf('blob'), size: 1 }],
  } as unknown as Manifest;
  const parse = (document: object) =>
    parseCache(
      encodeCache({ version: 1, layers: [layer], records: [record], ...document } as never),
      manifest,
    );
  assert.equal(parse({}).records.length, 1);
  const cases: object[] = [
    { version: 2 },
    { layers: 'x' },
    { layers: [{ ...layer, blob: digestOf('other') }] },
    { layers: [{ ...layer, chain: '../../x' }] },
    { layers: [{ ...layer, sizeBytes: -1 }] },
    { records: [{ ...record, key: 5 }] },
    { records: [{ ...record, inputs: { a: 1 } }] },
    { records: [{ ...record, quick: undefined }] },
    { records: [null] },
  ];
  for (const document of cases) {
    assert.throws(() => parse(document), { kind: 'invalid' }, JSON.stringify(document));
  }
});
