import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByteStream, collect, digestOf, streamOf, unavailable } from '../../src/core/index.ts';
import {
  copyImage,
  type Descriptor,
  type ImageSink,
  type ImageSource,
  imageSource,
  mediaTypes,
  openImage,
} from '../../src/image/index.ts';
import { indexSource, noise, sampleImage } from './sample-image.ts';

export interface SinkUnderTest extends AsyncDisposable {
  readonly sink: ImageSink;
  /** What the sink has under a tag, freshly opened. */
  readBack(tag: string): Promise<ImageSource>;
}

const platform = { os: 'linux', architecture: 'amd64' };
const content = noise(300_000, 'blob');
const blob: Descriptor = {
  mediaType: mediaTypes.ociLayer,
  digest: digestOf(content),
  size: content.length,
};

async function* pieces(bytes: Uint8Array, pieceBytes = 16_384): ByteStream {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** What every ImageSink must do. `make` gives an empty one. */
export function imageSinkContract(
  name: string,
  make: () => Promise<SinkUnderTest>,
  { keepsIndexes = true }: { keepsIndexes?: boolean } = {},
): void {
  const withSink = (what: string, run: (made: SinkUnderTest) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      await using made = await make();
      await run(made);
    });
  const open = (offset: number) => pieces(content.subarray(offset));

  withSink('a blob is absent, then there', async ({ sink }) => {
    assert.equal(await sink.hasBlob(blob), false);
    const seen: number[] = [];
    await sink.putBlob(blob, open, { onProgress: (storedBytes) => seen.push(storedBytes) });
    assert.equal(await sink.hasBlob(blob), true);
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    );
    assert.equal(seen.at(-1) ?? blob.size, blob.size);
  });

  for (const [what, wrong] of [
    ['other bytes', Buffer.from(content).fill(0, 100_000, 100_001)],
    ['too few bytes', content.subarray(0, 200_000)],
    ['too many bytes', Buffer.concat([content, Buffer.from('x')])],
    ['no bytes', Buffer.alloc(0)],
  ] as const) {
    withSink(`${what} are refused and nothing of them is kept`, async ({ sink }) => {
      const openWrong = (offset: number) => pieces(wrong.subarray(offset));
      await assert.rejects(sink.putBlob(blob, openWrong, {}), { kind: 'invalid' });
      assert.equal(await sink.hasBlob(blob), false);
      await sink.putBlob(blob, open, {});
      assert.equal(await sink.hasBlob(blob), true);
    });
  }

  withSink('a cut transfer can be taken up again', async ({ sink }) => {
    const cut = async function* (offset: number): ByteStream {
      yield* pieces(content.subarray(offset, 180_000));
      throw unavailable('read blob: connection reset');
    };
    await assert.rejects(sink.putBlob(blob, cut, {}), /connection reset/);
    assert.equal(await sink.hasBlob(blob), false);
    const offsets: number[] = [];
    const again = (offset: number) => {
      offsets.push(offset);
      return open(offset);
    };
    await sink.putBlob(blob, again, {});
    assert.equal(await sink.hasBlob(blob), true);
    assert.ok(offsets.every((offset) => offset <= 180_000));
  });

  withSink('the same blob may be put twice at once', async ({ sink }) => {
    await Promise.all([sink.putBlob(blob, open, {}), sink.putBlob(blob, open, {})]);
    assert.equal(await sink.hasBlob(blob), true);
  });

  withSink('an abort stops a transfer', async ({ sink }) => {
    const stop = new AbortController();
    const endless = async function* (offset: number): ByteStream {
      for await (const piece of open(offset)) {
        yield piece;
        stop.abort();
        stop.signal.throwIfAborted();
      }
    };
    await assert.rejects(sink.putBlob(blob, endless, { signal: stop.signal }));
    assert.equal(await sink.hasBlob(blob), false);
  });

  withSink('an empty blob', async ({ sink }) => {
    const empty = { ...blob, digest: digestOf(''), size: 0 };
    await sink.putBlob(empty, () => streamOf(), {});
    assert.equal(await sink.hasBlob(empty), true);
  });

  withSink('an image comes back as it went in', async ({ sink, readBack }) => {
    const image = await sampleImage();
    await copyImage({ source: imageSource(image), sink, platform, tags: ['one', 'two'] });
    for (const tag of ['one', 'two']) {
      const found = await openImage(await readBack(tag), { platform });
      assert.equal(found.rawManifest.descriptor.digest, image.rawManifest.descriptor.digest);
      assert.deepEqual(Buffer.from(found.rawConfig), Buffer.from(image.rawConfig));
      for (const layer of found.layers) {
        const bytes = await collect(layer.open({ offset: 0 }), 1 << 24);
        assert.equal(digestOf(bytes), layer.descriptor.digest);
      }
    }
  });

  withSink('a tag moves to the image put last', async ({ sink, readBack }) => {
    for (const label of ['first', 'second']) {
      const image = await sampleImage({ name: label });
      await copyImage({ source: imageSource(image), sink, platform, tags: ['moving', label] });
      const { rawManifest } = await openImage(await readBack('moving'), { platform });
      assert.equal(rawManifest.descriptor.digest, image.rawManifest.descriptor.digest);
    }
    const first = await openImage(await readBack('first'), { platform });
    const expected = await sampleImage({ name: 'first' });
    assert.equal(first.rawManifest.descriptor.digest, expected.rawManifest.descriptor.digest);
  });

  if (!keepsIndexes) return;
  withSink('an index with the images of all platforms', async ({ sink, readBack }) => {
    const arm = { os: 'linux', architecture: 'arm64' };
    const images = [
      await sampleImage({ name: 'amd', platform }),
      await sampleImage({ name: 'arm', platform: arm }),
    ];
    const { root, source } = indexSource(images);
    await copyImage({ source, sink, allPlatforms: true, tags: ['all'] });
    const back = await readBack('all');
    assert.equal((await back.root()).descriptor.digest, root.descriptor.digest);
    for (const [index, wanted] of [platform, arm].entries()) {
      const { rawManifest } = await openImage(back, { platform: wanted });
      assert.equal(rawManifest.descriptor.digest, images[index]!.rawManifest.descriptor.digest);
    }
  });
}
