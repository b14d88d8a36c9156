import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, digestOf, parseReference, streamOf } from '../../../src/core/index.ts';
import { type Descriptor, type Manifest, mediaTypes } from '../../../src/image/index.ts';
import type { ImageStore, Store } from '../../../src/store/index.ts';
import { tarOf } from './workbench.ts';

const describe = (bytes: Uint8Array, mediaType: string): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.length,
});

/** The pieces of an image whose layers hold one file each, named and filled as told. */
export async function imageOf(layers: readonly string[]) {
  const archives = await Promise.all(
    layers.map((name) =>
      tarOf({ path: `files/${name}`, type: 'file', content: name.repeat(3000) }),
    ),
  );
  const blobs = archives.map((archive) => gzipSync(archive));
  const rawConfig = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: archives.map((archive) => digestOf(archive)) },
    }),
  );
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describe(rawConfig, mediaTypes.ociConfig),
    layers: blobs.map((blob) => describe(blob, mediaTypes.ociLayerGzip)),
  };
  return { manifest, rawConfig, blobs };
}

/** Takes an image in as a pull would, its layers side by side. */
export async function pullImage(images: ImageStore, name: string, layers: readonly string[]) {
  const { manifest, rawConfig, blobs } = await imageOf(layers);
  const reference = parseReference(name);
  const sink = images.sink({ name: reference, tags: [reference] });
  const pieces = [
    [manifest.config, rawConfig] as const,
    ...manifest.layers.map((layer, index) => [layer, blobs[index]!] as const),
  ];
  await Promise.all(
    pieces.map(async ([descriptor, bytes]) => {
      if (await sink.hasBlob(descriptor)) return;
      await sink.putBlob(descriptor, (offset) => streamOf(bytes.subarray(offset)), {});
    }),
  );
  const bytes = Buffer.from(JSON.stringify(manifest));
  await sink.putManifest(
    { descriptor: describe(bytes, mediaTypes.ociManifest), bytes },
    { tags: [] },
  );
  return { id: manifest.config.digest, manifest };
}

/** Builds an image with one more file on top of another, as a RUN step would. */
export async function buildImage(
  { images, snapshots }: Pick<Store, 'images' | 'snapshots'>,
  from: Digest,
  file: string,
): Promise<Digest> {
  const base = await images.resolve(from);
  const id = `build-${randomBytes(8).toString('hex')}`;
  const snapshot = await snapshots.prepare(id, base.chain, { isTransient: true });
  writeFileSync(join(await snapshot.mount(), file), file);
  const layer = await snapshots.commit(id, { epochS: 1 });
  const diffIds = [...base.config.rootfs.diff_ids, layer.diffId];
  const config = { ...base.config, rootfs: { type: 'layers', diff_ids: diffIds } };
  const image = await images.add(Buffer.from(JSON.stringify(config)), { parent: from });
  return image.id;
}
