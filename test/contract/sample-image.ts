import { digestOf, type Platform } from '../../src/core/index.ts';
import {
  appendLayer,
  type Compression,
  emptyImage,
  encodeDocument,
  type Image,
  type ImageSource,
  imageSource,
  type Layer,
  layerOf,
  mediaTypes,
  type RawManifest,
  tarHeader,
  tarPadding,
  tarTrailer,
  withConfig,
} from '../../src/image/index.ts';

/** An archive of these files, for a layer. */
export function archiveOf(files: Record<string, string | Uint8Array>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [path, text] of Object.entries(files)) {
    const content = Buffer.from(text as string);
    const header = tarHeader({ path, type: 'file', sizeBytes: content.length });
    parts.push(header, content, tarPadding(content.length));
  }
  return Buffer.concat([...parts, tarTrailer]);
}

/** Bytes that hardly compress, the same for the same seed. */
export function noise(sizeBytes: number, seed: string): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; i * 32 < sizeBytes; i++) {
    parts.push(Buffer.from(digestOf(`${seed} ${i}`).slice(7), 'hex'));
  }
  return Buffer.concat(parts).subarray(0, sizeBytes);
}

/** A small image with a layer of each given compression, and a line of history without one. */
export async function sampleImage(
  options: { name?: string; compressions?: Compression[]; platform?: Platform } = {},
): Promise<Image> {
  const { name = 'sample', compressions = ['none', 'gzip', 'zstd'] } = options;
  let image = emptyImage(options.platform ?? { os: 'linux', architecture: 'amd64' });
  for (const [index, compression] of compressions.entries()) {
    const files = {
      [`${name}-${index}`]: noise(150_000, `${name} ${index}`),
      [`etc/${index}`]: name,
    };
    const layer = await layerOf(archiveOf(files), compression);
    image = appendLayer(image, layer, { created_by: `COPY ${index} /` });
  }
  return withConfig(image, (config) => ({
    ...config,
    config: { Cmd: ['sh'], Env: ['A=b'] },
    history: [...(config.history ?? []), { created_by: 'CMD ["sh"]', empty_layer: true }],
  }));
}

/** A source whose root is an index of these images. */
export function indexSource(images: readonly Image[]): { root: RawManifest; source: ImageSource } {
  const manifests = images.map(({ rawManifest, config }) => {
    const { os, architecture, variant } = config;
    return {
      ...rawManifest.descriptor,
      platform: { os, architecture, ...(variant && { variant }) },
    };
  });
  const mediaType = mediaTypes.ociIndex;
  const bytes = encodeDocument({ schemaVersion: 2, mediaType, manifests });
  const root = { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
  const sources = images.map(imageSource);
  const holder = (digest: string) =>
    images.findIndex(({ manifest, layers }) =>
      [manifest.config, ...layers.map((layer: Layer) => layer.descriptor)].some(
        (descriptor) => descriptor.digest === digest,
      ),
    );
  const source: ImageSource = {
    root: async () => root,
    manifest: (descriptor) =>
      sources[
        images.findIndex((image) => image.rawManifest.descriptor.digest === descriptor.digest)
      ]!.manifest(descriptor),
    blob: (descriptor, blobOptions) =>
      sources[holder(descriptor.digest)]!.blob(descriptor, blobOptions),
  };
  return { root, source };
}
