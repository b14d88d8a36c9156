import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  type ByteStream,
  collect,
  conflict,
  type Digest,
  digestOf,
  parseReference,
  streamOf,
} from '../../core/index.ts';
import { chainIds, decompress, mediaTypes } from '../../image/index.ts';
import { openContentStore } from '../content/file-content-store.ts';
import { openDatabase } from '../database.ts';
import { createLeases } from '../garbage/leases.ts';
import type { CommittedLayer, Snapshots } from '../snapshots/snapshots.ts';
import { createWorkerPool } from '../threads/worker-pool.ts';
import type { BlobIntake, LayerBlob, LayerIndex } from './layer-index.ts';
import { openImageStore } from './local-image-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-images-'));
const pool = createWorkerPool();
after(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Layers kept in memory: what of Snapshots and LayerIndex images use. */
function memoryLayers() {
  const archives = new Map<Digest, Buffer>();
  const committed = new Map<Digest, CommittedLayer>();
  const blobs = new Map<Digest, LayerBlob[]>();
  const discarded: Digest[] = [];
  const snapshots = {
    has: async (chain: Digest) => committed.has(chain),
    async stack(
      { diffId, sizeBytes }: { diffId: Digest; sizeBytes: number },
      parent: Digest | null,
    ) {
      const chain = parent === null ? diffId : digestOf(`${parent} ${diffId}`);
      committed.set(chain, { chain, layer: committed.size, parent, diffId, sizeBytes });
      return chain;
    },
    discard: async ({ diffId }: { diffId: Digest }) => void discarded.push(diffId),
    archive: (chain: Digest) => streamOf(archives.get(committed.get(chain)!.diffId)!),
    async delete(chain: Digest) {
      if ([...committed.values()].some(({ parent }) => parent === chain)) throw conflict('in use');
      committed.delete(chain);
    },
  } as unknown as Snapshots;
  const layers: LayerIndex = {
    layer: (chain) => committed.get(chain),
    blobsOf: (diffId) => blobs.get(diffId) ?? [],
    diffIdOf: (digest) =>
      [...blobs].find(([, list]) => list.some((blob) => blob.digest === digest))?.[0],
    addBlob: (diffId, blob) => void blobs.set(diffId, [...(blobs.get(diffId) ?? []), blob]),
    hasDiffId: (diffId) => [...committed.values()].some((layer) => layer.diffId === diffId),
  };
  async function unpack(content: ByteStream, digest: Digest) {
    const bytes = await collect(decompress(content, 'gzip'), 1e6);
    const diffId = digestOf(bytes);
    archives.set(diffId, bytes);
    layers.addBlob(diffId, { digest, compression: 'gzip', sizeBytes: 0 });
    return { stagingId: diffId, diffId, sizeBytes: bytes.length };
  }
  return { snapshots, layers, committed, discarded, unpack };
}

/** A pulled image's pieces, layers given as texts. */
function imageOf(...texts: string[]) {
  const archives = texts.map((text) => Buffer.from(text));
  const layers = archives.map((archive) => gzipSync(archive));
  const rawConfig = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: archives.map((archive) => digestOf(archive)) },
    }),
  );
  const describe = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const config = describe(rawConfig, mediaTypes.ociConfig);
  const descriptors = layers.map((layer) => describe(layer, mediaTypes.ociLayerGzip));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: descriptors,
    }),
  );
  const manifest = { descriptor: describe(bytes, mediaTypes.ociManifest), bytes };
  const blobs = [...layers, rawConfig].map((content, i) => ({
    content,
    descriptor: [...descriptors, config][i]!,
  }));
  return { id: config.digest, rawConfig, manifest, blobs };
}

async function open(name: string, memory = memoryLayers()) {
  const content = await openContentStore({ rootPath: join(folder, name, 'content') });
  const database = openDatabase(join(folder, name, 'berth.db'));
  const intake: BlobIntake = {
    async receive(upload, stream, { expected }) {
      for await (const chunk of stream) await upload.write(chunk);
      const { digest } = await upload.commit(expected);
      return await memory.unpack(content.open(digest), digest);
    },
    unpackStored: (blob) => memory.unpack(content.open(blob), blob),
  };
  const images = await openImageStore({
    database,
    content,
    intake,
    leases: createLeases(),
    pool,
    ...memory,
  });
  return { images, content, database, memory };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function pull(
  { images }: Opened,
  image: ReturnType<typeof imageOf>,
  name: string,
): Promise<void> {
  const reference = parseReference(name);
  const sink = images.sink({ name: reference, tags: [reference] });
  for (const { content, descriptor } of image.blobs) {
    await sink.putBlob(descriptor, (offset) => streamOf(content.subarray(offset)), {});
  }
  await sink.putManifest(image.manifest, { tags: [] });
}

test('a pulled image is found by tag, digest, id and the beginning of its id', async () => {
  const store = await open('pull');
  const image = imageOf('one', 'two');
  await pull(store, image, 'host:1/a/b:t');
  const byDigest = `host:1/a/b@${image.manifest.descriptor.digest}`;
  for (const name of [
    'host:1/a/b:t',
    byDigest,
    image.id,
    image.id.slice(7, 19),
    image.id.slice(0, 15),
  ]) {
    const found = await store.images.resolve(name);
    assert.equal(found.id, image.id);
    assert.deepEqual(found.layerSizesBytes, [3, 3]);
  }
  for (const [name, message] of [
    ['none', 'No such image: none:latest'],
    ['host:1/a/b', 'No such image: host:1/a/b:latest'],
    [`sha256:${'0'.repeat(64)}`, `No such image: sha256:${'0'.repeat(64)}`],
    ['00000000', 'No such image: 00000000:latest'],
  ] as const) {
    await assert.rejects(store.images.resolve(name), { kind: 'not-found', message });
  }
});

test('it is offered again under the same manifest, and after a restart too', async () => {
  const store = await open('again');
  const image = imageOf('one');
  await pull(store, image, 'a');
  const reopened = await open('again', store.memory);
  const root = await reopened.images.source(image.id).root();
  assert.deepEqual(root.descriptor, image.manifest.descriptor);
  assert.deepEqual((await reopened.images.resolve('a')).repoDigests.length, 1);
});

test('layers that are not what the configuration says leave nothing', async () => {
  const store = await open('lie');
  const image = imageOf('one', 'two');
  const other = imageOf('one', 'three');
  const config = image.blobs.at(-1)!;
  const layers = other.blobs.slice(0, -1);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
    }),
  );
  const manifest = {
    descriptor: { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length },
    bytes,
  };
  await assert.rejects(
    pull(store, { ...image, blobs: [...layers, config], manifest }, 'a'),
    /unpacks to sha256:.*, the image's configuration says/,
  );
  assert.deepEqual(await store.images.list(), []);
  assert.equal(store.memory.committed.size, 0);
});

test('a blob cannot pass itself off as a layer that is there already', async () => {
  const store = await open('poison');
  const good = imageOf('base', 'top');
  await pull(store, good, 'good');
  const evil = imageOf('evil', 'other');
  const config = good.blobs.at(-1)!;
  const layers = evil.blobs.slice(0, -1);
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: config.descriptor,
      layers: layers.map(({ descriptor }) => descriptor),
    }),
  );
  const descriptor = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(bytes),
    size: bytes.length,
  };
  const forged = { ...good, blobs: [...layers, config], manifest: { descriptor, bytes } };
  await assert.rejects(pull(store, forged, 'evil'), { kind: 'invalid', code: 'DIGEST_INVALID' });
  await assert.rejects(store.images.resolve('evil'), { kind: 'not-found' });
  const { config: kept } = await store.images.resolve('good');
  for (const [index, diffId] of kept.rootfs.diff_ids.entries()) {
    assert.deepEqual(
      store.memory.layers.blobsOf(diffId).map(({ digest }) => digest),
      [good.blobs[index]!.descriptor.digest],
    );
  }
});

test('names move, images without one stay, deleting takes the layers nobody else has', async () => {
  const store = await open('names');
  const first = imageOf('base', 'first');
  const second = imageOf('base', 'second');
  await pull(store, first, 'a');
  await pull(store, second, 'a');
  assert.deepEqual((await store.images.resolve(first.id)).tags, []);
  assert.equal((await store.images.resolve('a')).id, second.id);
  await store.images.tag(first.id, parseReference('b'));
  await store.images.untag(parseReference('b'));
  await assert.rejects(store.images.untag(parseReference('b')), /No such image: b:latest/);
  const firstDiffs = (await store.images.resolve(first.id)).config.rootfs.diff_ids;
  assert.deepEqual((await store.images.delete(first.id)).deleted, [
    first.id,
    chainIds(firstDiffs)[1],
  ]);
  assert.equal(store.memory.committed.size, 2);
  assert.equal((await store.images.delete(second.id)).deleted.length, 3);
  assert.equal(store.memory.committed.size, 0);
});

test('a built image is packed when it is first offered, once', async () => {
  const store = await open('built');
  const image = imageOf('one', 'two');
  await pull(store, image, 'a');
  for (const { descriptor } of image.blobs.slice(0, -1))
    await store.content.delete(descriptor.digest);
  const [one, two] = await Promise.all([
    store.images.source(image.id).root(),
    store.images.source(image.id).root(),
  ]);
  assert.deepEqual(one, two);
  assert.notEqual(one.descriptor.digest, image.manifest.descriptor.digest);
  assert.deepEqual(await store.images.source(image.id).root(), one);
});

test('an image cannot be added without its layers', async () => {
  const { images } = await open('add');
  await assert.rejects(images.add(imageOf('one').rawConfig), {
    kind: 'invalid',
    message: /are not there/,
  });
});

/** Runs `meanwhile` when the store next writes a blob of these bytes. */
function interrupt(
  { content }: Opened,
  bytes: Uint8Array,
  meanwhile: () => Promise<unknown>,
): void {
  const { put } = content;
  content.put = async (given) => {
    if (Buffer.from(given).equals(bytes)) {
      content.put = put;
      await meanwhile();
    }
    return put.call(content, given);
  };
}

test('layers that an image being received or added relies on do not go with another image', async () => {
  for (const kind of ['pull', 'add'] as const) {
    const store = await open(`relies-${kind}`);
    const [old, fresh] = [imageOf('one', 'two'), imageOf('one', 'two')];
    await pull(store, old, 'old:1');
    const config = Buffer.from(fresh.rawConfig.toString().replace('{', '{"author":"a",'));
    const last = kind === 'pull' ? fresh.manifest.bytes : config;
    interrupt(store, last, () => store.images.delete(old.id));
    if (kind === 'pull') await pull(store, fresh, 'new:1');
    else await store.images.add(config, { tags: [parseReference('new:1')] });
    const { chain } = await store.images.resolve('new:1');
    assert.equal(store.memory.committed.has(chain!), true, kind);
  }
});

test('an image that fails to arrive takes no layer along that another one got meanwhile', async () => {
  const store = await open('fails');
  const [short, long] = [imageOf('one'), imageOf('one', 'two')];
  const { snapshots } = store.memory;
  const { stack } = snapshots;
  snapshots.stack = async (layer, parent) => {
    if (parent === null) return stack(layer, parent);
    snapshots.stack = stack;
    await pull(store, short, 'short:1');
    throw new Error('disk full');
  };
  await assert.rejects(pull(store, long, 'long:1'), /disk full/);
  const { chain } = await store.images.resolve('short:1');
  assert.equal(store.memory.committed.has(chain!), true);
});

test('what a full disk stopped half-way is not remembered either', async () => {
  const store = await open('full');
  const image = imageOf('one');
  const { transaction } = store.database;
  let isFull = true;
  let depth = 0;
  store.database.transaction = (work) =>
    transaction(() => {
      depth++;
      const result = work();
      if (--depth > 0 || !isFull) return result;
      isFull = false;
      throw new Error('no space left on device');
    });
  await assert.rejects(pull(store, image, 'a:1'), /no space/);
  await assert.rejects(store.images.resolve('a:1'), { kind: 'not-found' });
  await pull(store, image, 'a:1');
  assert.equal((await store.images.resolve('a:1')).id, image.id);
  assert.equal((await open('full', store.memory)).images.roots().chains.length, 1);
});
