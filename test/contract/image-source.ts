import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ByteStream, collect, digestOf } from '../../src/core/index.ts';
import {
  type Descriptor,
  type Image,
  type ImageSource,
  mediaTypes,
  openImage,
  validateImage,
} from '../../src/image/index.ts';
import { sampleImage } from './sample-image.ts';

export interface SourceUnderTest extends AsyncDisposable {
  readonly source: ImageSource;
}

const limit = 1 << 24;
const platform = { os: 'linux', architecture: 'amd64' };

/** What every ImageSource must do. `offer` puts the image into its medium and opens that. */
export function imageSourceContract(
  name: string,
  offer: (image: Image) => Promise<SourceUnderTest>,
  { makesManifest = false }: { makesManifest?: boolean } = {},
): void {
  const withSource = (what: string, run: (source: ImageSource, image: Image) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      const image = await sampleImage();
      await using offered = await offer(image);
      await run(offered.source, image);
    });
  const read = (stream: ByteStream) => collect(stream, limit);

  withSource('the root is the image that was put in', async (source, image) => {
    const root = await source.root();
    assert.equal(root.descriptor.digest, digestOf(root.bytes));
    assert.equal(root.descriptor.size, root.bytes.length);
    const opened = await openImage(source, { platform });
    assert.deepEqual(Buffer.from(opened.rawConfig), Buffer.from(image.rawConfig));
    assert.deepEqual(opened.config, image.config);
    if (makesManifest) return;
    assert.deepEqual(opened.rawManifest.descriptor.digest, image.rawManifest.descriptor.digest);
    assert.deepEqual(Buffer.from(opened.rawManifest.bytes), Buffer.from(image.rawManifest.bytes));
  });

  withSource('a manifest is found by its descriptor', async (source) => {
    const root = await source.root();
    const again = await source.manifest(root.descriptor);
    assert.deepEqual(Buffer.from(again.bytes), Buffer.from(root.bytes));
  });

  withSource('blobs come whole, from any offset, as often as asked', async (source, image) => {
    const opened = await openImage(source, { platform });
    for (const descriptor of [opened.manifest.config, ...opened.manifest.layers]) {
      const whole = await read(source.blob(descriptor, { offset: 0 }));
      assert.equal(digestOf(whole), descriptor.digest);
      for (const offset of [1, 511, whole.length - 1, whole.length]) {
        const rest = await read(source.blob(descriptor, { offset }));
        assert.ok(rest.equals(whole.subarray(offset)), `offset ${offset}`);
      }
    }
    assert.equal(opened.layers.length, image.layers.length);
  });

  withSource('several blobs are read side by side, and streams left early', async (source) => {
    const { manifest } = await openImage(source, { platform });
    for await (const chunk of source.blob(manifest.layers[0]!, { offset: 0 })) {
      assert.ok(chunk.length > 0);
      break;
    }
    const all = await Promise.all(
      [...manifest.layers, ...manifest.layers].map((layer) =>
        read(source.blob(layer, { offset: 0 })),
      ),
    );
    assert.deepEqual(
      all.map((bytes) => digestOf(bytes)),
      [...manifest.layers, ...manifest.layers].map((layer) => layer.digest),
    );
  });

  withSource('what is not there is not found', async (source) => {
    const absent: Descriptor = { mediaType: mediaTypes.ociLayer, digest: digestOf('no'), size: 2 };
    await assert.rejects(read(source.blob(absent, { offset: 0 })), { kind: 'not-found' });
    const manifest = { ...absent, mediaType: mediaTypes.ociManifest };
    await assert.rejects(source.manifest(manifest), { kind: 'not-found' });
  });

  withSource('an image without fault validates', async (source) => {
    assert.deepEqual(await validateImage(source), []);
  });
}
