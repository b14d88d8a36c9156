import {
  type ByteStream,
  collect,
  type Digest,
  digestOf,
  notFound,
  type Platform,
  streamOf,
} from '../core/index.ts';
import { compress } from './compression/compression.ts';
import { descriptorOf, encodeDocument, type Image, type Layer } from './image.ts';
import type { Descriptor } from './manifest/descriptor.ts';
import type { HistoryEntry, ImageConfig } from './manifest/image-config.ts';
import type { Manifest } from './manifest/manifest.ts';
import {
  type Compression,
  layerCompression,
  layerMediaType,
  mediaTypes,
} from './manifest/media-types.ts';
import type { ImageSource } from './transfer/endpoints.ts';

/** A new image of OCI's form from its parts. The config's diffIds become those of the layers. */
export function createImage(parts: {
  config: ImageConfig;
  layers: readonly Layer[];
  annotations?: Readonly<Record<string, string>>;
}): Image {
  const diffIds = parts.layers.map((layer) => layer.diffId);
  const config: ImageConfig = { ...parts.config, rootfs: { type: 'layers', diff_ids: diffIds } };
  return assembleImage({ ...parts, config, rawConfig: encodeDocument(config) });
}

/** As `createImage`, of a config whose bytes are kept as they are, and so the image's id. */
export function assembleImage(parts: {
  config: ImageConfig;
  rawConfig: Uint8Array;
  layers: readonly Layer[];
  annotations?: Readonly<Record<string, string>>;
}): Image {
  const { config, rawConfig, layers, annotations } = parts;
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: descriptorOf(rawConfig, mediaTypes.ociConfig),
    layers: layers.map((layer) => asOci(layer.descriptor)),
    ...(annotations && Object.keys(annotations).length > 0 && { annotations }),
  };
  const bytes = encodeDocument(manifest);
  const rawManifest = { descriptor: descriptorOf(bytes, mediaTypes.ociManifest), bytes };
  return { manifest, rawManifest, config, rawConfig, layers };
}

/** The image without layers that all others can be made from. */
export function emptyImage({ os, architecture, variant }: Platform): Image {
  const config: ImageConfig = {
    architecture,
    os,
    ...(variant && { variant }),
    rootfs: { type: 'layers', diff_ids: [] },
  };
  return createImage({ config, layers: [] });
}

/** The image with a layer on top, and the line of history that tells of it. */
export function appendLayer(image: Image, layer: Layer, history: HistoryEntry): Image {
  const config = { ...image.config, history: [...(image.config.history ?? []), history] };
  const layers = [...image.layers, layer];
  return createImage({ ...image.manifest, config, layers });
}

/** The image with another config, whose `rootfs` is not heeded: the layers stay. */
export function withConfig(image: Image, change: (config: ImageConfig) => ImageConfig): Image {
  return createImage({ ...image.manifest, config: change(image.config), layers: image.layers });
}

/** The image with these annotations on its manifest too, over what it has. */
export function withAnnotations(
  image: Image,
  annotations: Readonly<Record<string, string>>,
): Image {
  const { config, layers, manifest } = image;
  return createImage({ config, layers, annotations: { ...manifest.annotations, ...annotations } });
}

/** A layer of an archive that is small enough to be held. */
export async function layerOf(
  archive: Uint8Array,
  compression: Compression = 'none',
): Promise<Layer> {
  const stored = await collect(compress(streamOf(archive), compression), Number.MAX_SAFE_INTEGER);
  return {
    descriptor: descriptorOf(stored, layerMediaType(compression)),
    diffId: digestOf(archive),
    open: ({ offset }) => streamOf(stored.subarray(offset)),
  };
}

/** Offers an image at hand as a source. */
export function imageSource(image: Image): ImageSource {
  const { rawManifest, rawConfig, manifest, layers } = image;
  const byDigest = new Map<Digest, Layer['open']>(
    layers.map((layer) => [layer.descriptor.digest, layer.open]),
  );
  byDigest.set(manifest.config.digest, ({ offset }) => streamOf(rawConfig.subarray(offset)));
  return {
    root: async () => rawManifest,
    async manifest({ digest }) {
      if (digest === rawManifest.descriptor.digest) return rawManifest;
      throw notFound(`read manifest ${digest}: the image has no such manifest`);
    },
    async *blob({ digest }, options): ByteStream {
      const open = byDigest.get(digest);
      if (!open) throw notFound(`read blob ${digest}: the image has no such blob`);
      yield* open(options);
    },
  };
}

/** Docker's media types and OCI's name the same bytes. */
function asOci(descriptor: Descriptor): Descriptor {
  const compression = layerCompression(descriptor.mediaType);
  return compression ? { ...descriptor, mediaType: layerMediaType(compression) } : descriptor;
}
