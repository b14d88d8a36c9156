import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memorySink } from '../../../test/contract/memory-sink.ts';
import { indexSource, sampleImage } from '../../../test/contract/sample-image.ts';
import { type ByteStream, digestOf, invalid, unavailable } from '../../core/index.ts';
import { encodeDocument } from '../image.ts';
import { mediaTypes } from '../manifest/media-types.ts';
import { createImage, imageSource } from '../mutate.ts';
import { openImage } from '../open-image.ts';
import { copyImage } from './copy-image.ts';
import type { ImageSink, ImageSource, TransferEvent } from './endpoints.ts';
import type { RetryPolicy } from './retry.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

function impatient(waits: number[] = []): RetryPolicy {
  const wait = async (waitMs: number) => waits.push(waitMs);
  return { attempts: 4, firstWaitMs: 100, longestWaitMs: 300, wait };
}

const kinds = (events: TransferEvent[], kind: TransferEvent['kind']) =>
  events.filter((event) => event.kind === kind);

test('blobs, then the manifest; events tell of each', async () => {
  const image = await sampleImage();
  const { sink, blobs, tags } = memorySink();
  const order: string[] = [];
  const watched: ImageSink = {
    ...sink,
    async putManifest(manifest, options) {
      order.push(`manifest after ${blobs.size} blobs`);
      await sink.putManifest(manifest, options);
    },
  };
  const events: TransferEvent[] = [];
  const result = await copyImage({
    source: imageSource(image),
    sink: watched,
    platform: amd64,
    tags: ['latest'],
    onEvent: (event) => events.push(event),
  });
  assert.deepEqual(order, ['manifest after 4 blobs']);
  assert.equal(result.copied.descriptor.digest, image.rawManifest.descriptor.digest);
  assert.equal(tags.get('latest')?.descriptor.digest, image.rawManifest.descriptor.digest);
  const [plan] = events;
  assert.ok(plan?.kind === 'plan');
  assert.deepEqual(plan.layers, image.manifest.layers);
  assert.deepEqual(plan.configs, [image.manifest.config]);
  assert.equal(kinds(events, 'waiting').length, 4);
  assert.equal(kinds(events, 'done').length, 4);

  events.length = 0;
  const again = { source: imageSource(image), sink, platform: amd64 };
  await copyImage({ ...again, onEvent: (event) => events.push(event) });
  assert.equal(kinds(events, 'exists').length, 4);
  assert.equal(kinds(events, 'done').length, 0);
});

test('a layer that stands twice in an image is copied once', async () => {
  const image = await sampleImage({ compressions: ['none', 'none'] });
  const [layer] = image.layers;
  const twice = createImage({ config: image.config, layers: [layer!, layer!] });
  const { sink, blobs } = memorySink();
  await copyImage({ source: imageSource(twice), sink, platform: amd64 });
  assert.equal(blobs.size, 2);
});

test('at most that many blobs at once, and as many as that', async () => {
  const image = await sampleImage({ compressions: Array(8).fill('none') });
  const { sink } = memorySink();
  let now = 0;
  let most = 0;
  const counted: ImageSink = {
    ...sink,
    async putBlob(...parameters) {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      await sink.putBlob(...parameters);
      now--;
    },
  };
  await copyImage({ source: imageSource(image), sink: counted, platform: amd64, concurrency: 3 });
  assert.equal(most, 3);
});

test('blobs that are ready early are copied before the manifest is made, and told of after it', async () => {
  const image = await sampleImage();
  const { sink, blobs } = memorySink();
  const whole = imageSource(image);
  const [first, second] = image.manifest.layers;
  const copied = Promise.withResolvers<void>();
  const events: TransferEvent[] = [];
  const puts: string[] = [];
  await copyImage({
    source: {
      ...whole,
      async root() {
        await copied.promise;
        return whole.root();
      },
      async *readyBlobs() {
        yield first!;
        yield second!;
        yield first!;
      },
    },
    sink: {
      ...sink,
      async putBlob(blob, ...rest) {
        puts.push(blob.digest);
        await sink.putBlob(blob, ...rest);
        if (puts.length === 2) copied.resolve();
      },
    },
    platform: amd64,
    onEvent: (event) => events.push(event),
  });
  assert.deepEqual(puts.slice(0, 2), [first!.digest, second!.digest]);
  assert.equal(puts.length, 4);
  assert.equal(blobs.size, 4);
  assert.equal(events[0]?.kind, 'plan');
  assert.equal(kinds(events, 'plan').length, 1);
  assert.equal(kinds(events, 'done').length, 4);
});

test('an early blob that cannot be made fails the copy', async () => {
  const image = await sampleImage();
  const whole = imageSource(image);
  const failure = invalid('compress layer: no');
  const source: ImageSource = {
    ...whole,
    root: () => Promise.reject(failure),
    async *readyBlobs() {
      yield image.manifest.layers[0]!;
      throw failure;
    },
  };
  const { sink, manifests } = memorySink();
  await assert.rejects(copyImage({ source, sink, platform: amd64 }), failure);
  assert.equal(manifests.size, 0);
});

test('the platform chosen, or all of the index', async () => {
  const images = [
    await sampleImage({ name: 'amd', platform: amd64 }),
    await sampleImage({ name: 'arm', platform: arm64 }),
  ];
  const { root, source } = indexSource(images);
  const one = memorySink();
  const result = await copyImage({ source, sink: one.sink, platform: arm64 });
  assert.equal(result.root.descriptor.digest, root.descriptor.digest);
  assert.equal(result.copied.descriptor.digest, images[1]!.rawManifest.descriptor.digest);
  assert.equal(one.manifests.size, 1);

  const all = memorySink();
  const puts: string[] = [];
  const watched: ImageSink = {
    ...all.sink,
    async putManifest(manifest, options) {
      puts.push(`${manifest.descriptor.mediaType.includes('index')} ${options.inIndex ?? false}`);
      await all.sink.putManifest(manifest, options);
    },
  };
  await copyImage({ source, sink: watched, allPlatforms: true, tags: ['t'] });
  assert.deepEqual(puts, ['false true', 'false true', 'true false']);
  assert.equal(all.tags.get('t')?.descriptor.digest, root.descriptor.digest);
  assert.equal((await openImage(all.sourceOf('t'), { platform: arm64 })).layers.length, 3);

  const s390x = { os: 'linux', architecture: 's390x' };
  await assert.rejects(copyImage({ source, sink: one.sink, platform: s390x }), {
    kind: 'not-found',
    message: /no matching manifest for linux\/s390x/,
  });
});

/** The image's source, whose blobs are cut at the given ends in turn, then come whole. */
function cutting(source: ImageSource, ends: number[], how: 'error' | 'silence'): ImageSource {
  return {
    ...source,
    async *blob(descriptor, options): ByteStream {
      const end = descriptor.size > 10_000 ? ends.shift() : undefined;
      let at = options.offset;
      for await (const chunk of source.blob(descriptor, options)) {
        const left = (end ?? Number.POSITIVE_INFINITY) - at;
        if (left < chunk.length) {
          if (left > 0) yield chunk.subarray(0, left);
          if (how === 'silence') return;
          throw unavailable('read blob: connection reset');
        }
        at += chunk.length;
        yield chunk;
      }
    },
  };
}

/** A sink that keeps what came before a cut, as those on disk do. */
function resumingSink() {
  const { sink, ...rest } = memorySink();
  const kept = new Map<string, Buffer[]>();
  const offsets: number[] = [];
  const resuming: ImageSink = {
    ...sink,
    async putBlob(descriptor, open, options) {
      const parts = kept.get(descriptor.digest) ?? [];
      kept.set(descriptor.digest, parts);
      const offset = parts.reduce((sum, part) => sum + part.length, 0);
      offsets.push(offset);
      for await (const chunk of open(offset)) parts.push(Buffer.from(chunk));
      const whole = async function* () {
        yield* parts;
      };
      await sink.putBlob(descriptor, whole, options);
    },
  };
  return { sink: resuming, offsets, ...rest };
}

for (const how of ['error', 'silence'] as const) {
  test(`cut connections (${how}): taken up where the sink is, with longer and longer waits`, async () => {
    const image = await sampleImage({ compressions: ['none'] });
    const { sink, offsets, blobs } = resumingSink();
    const waits: number[] = [];
    const events: TransferEvent[] = [];
    await copyImage({
      source: cutting(imageSource(image), [50_000, 50_000, 50_000, 90_000], how),
      sink,
      platform: amd64,
      concurrency: 1,
      retries: impatient(waits),
      onEvent: (event) => events.push(event),
    });
    assert.equal(blobs.size, 2);
    assert.deepEqual(offsets, [0, 0, 50_000, 50_000, 50_000, 90_000]);
    // The attempt that got on to 90,000 begins the count anew.
    assert.deepEqual(waits, [100, 200, 300, 100]);
    assert.deepEqual(
      kinds(events, 'retry').map((event) => event.kind === 'retry' && event.attempt),
      [1, 2, 3, 1],
    );
  });
}

test('who never gets on gives up with the last cause', async () => {
  const image = await sampleImage({ compressions: ['none'] });
  const { sink } = resumingSink();
  const source = cutting(imageSource(image), Array(10).fill(1000), 'error');
  const retries = impatient();
  await assert.rejects(copyImage({ source, sink, platform: amd64, retries }), {
    kind: 'unavailable',
    message: /connection reset/,
  });
});

test('what cannot pass is not tried again, stops the rest, and is what is thrown', async () => {
  const image = await sampleImage({ compressions: Array(6).fill('none') });
  const bad = image.layers[1]!.descriptor.digest;
  let stopped = 0;
  const { sink, manifests } = memorySink();
  const inner = imageSource(image);
  const source: ImageSource = {
    ...inner,
    async *blob(descriptor, options): ByteStream {
      if (descriptor.digest === bad) throw invalid('read blob: rotten');
      if (descriptor.digest === image.manifest.config.digest)
        return yield* inner.blob(descriptor, options);
      // Comes to an end only when it is told to stop.
      await new Promise((_, reject) => {
        options.signal?.addEventListener('abort', () => {
          stopped++;
          reject(options.signal?.reason);
        });
      });
    },
  };
  await assert.rejects(
    copyImage({ source, sink, platform: amd64, retries: impatient() }),
    /rotten/,
  );
  assert.ok(stopped > 0);
  assert.equal(manifests.size, 0);
});

test('an abort is thrown as canceled, also one that came before', async () => {
  const image = await sampleImage();
  const stop = new AbortController();
  const inner = imageSource(image);
  const source: ImageSource = {
    ...inner,
    async *blob(descriptor, options): ByteStream {
      stop.abort();
      options.signal?.throwIfAborted();
      yield* inner.blob(descriptor, options);
    },
  };
  const { sink, manifests } = memorySink();
  const copy = () => copyImage({ source, sink, platform: amd64, signal: stop.signal });
  await assert.rejects(copy, { kind: 'canceled' });
  await assert.rejects(copy, { kind: 'canceled' });
  assert.equal(manifests.size, 0);
});

test('lies: other bytes than the digest, more than the size, two sizes of one blob', async () => {
  const image = await sampleImage();
  const inner = imageSource(image);
  const { sink } = memorySink();
  const lying = (change: Partial<ImageSource>) =>
    copyImage({ source: { ...inner, ...change }, sink, platform: amd64, retries: impatient() });
  const root = await inner.root();
  const bytes = Buffer.concat([root.bytes, Buffer.from(' ')]);
  await assert.rejects(lying({ root: async () => ({ ...root, bytes }) }), {
    code: 'DIGEST_INVALID',
  });
  const short = { ...root.descriptor, size: 3 };
  await assert.rejects(lying({ root: async () => ({ ...root, descriptor: short }) }), {
    code: 'SIZE_INVALID',
  });
  const other = async function* () {
    yield Buffer.alloc(10);
  };
  const flood = async function* () {
    for (;;) yield Buffer.alloc(100_000);
  };
  await assert.rejects(lying({ blob: flood }), { code: 'SIZE_INVALID' });
  await assert.rejects(lying({ blob: other }), { kind: 'unavailable', message: /cut after 10 of/ });

  const [layer] = image.manifest.layers;
  const manifest = { ...image.manifest, layers: [layer!, { ...layer!, size: 1 }] };
  const twoSizes = encodeDocument(manifest);
  const descriptor = { ...root.descriptor, digest: digestOf(twoSizes), size: twoSizes.length };
  await assert.rejects(lying({ root: async () => ({ descriptor, bytes: twoSizes }) }), {
    code: 'SIZE_INVALID',
    message: /in one place and 1 in another/,
  });
});

test('indexes that go too deep', async () => {
  const image = await sampleImage();
  const mediaType = mediaTypes.ociIndex;
  const levels = [image.rawManifest];
  for (let depth = 0; depth < 6; depth++) {
    const bytes = encodeDocument({
      schemaVersion: 2,
      mediaType,
      manifests: [{ ...levels[0]!.descriptor, platform: amd64 }],
    });
    levels.unshift({
      descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
      bytes,
    });
  }
  const source: ImageSource = {
    ...imageSource(image),
    root: async () => levels[0]!,
    manifest: async ({ digest }) => levels.find((level) => level.descriptor.digest === digest)!,
  };
  const { sink } = memorySink();
  for (const allPlatforms of [false, true]) {
    await assert.rejects(copyImage({ source, sink, platform: amd64, allPlatforms }), {
      kind: 'invalid',
      message: /nested over 4 deep/,
    });
  }
});

test('layers that may not be passed on are left where they are', async () => {
  const image = await sampleImage();
  const foreign = {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    digest: digestOf('foreign'),
    size: 7,
    urls: ['https://example.org/layer'],
  };
  const bytes = encodeDocument({ ...image.manifest, layers: [foreign, ...image.manifest.layers] });
  const descriptor = {
    ...image.rawManifest.descriptor,
    digest: digestOf(bytes),
    size: bytes.length,
  };
  const root = async () => ({ descriptor, bytes });
  const { sink, blobs } = memorySink();
  await copyImage({ source: { ...imageSource(image), root }, sink, platform: amd64 });
  assert.equal(blobs.size, 4);
});
