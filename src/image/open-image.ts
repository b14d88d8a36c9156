import { collect, hostPlatform, invalid, type Platform, verifying } from '../core/index.ts';
import type { Image } from './image.ts';
import type { Descriptor } from './manifest/descriptor.ts';
import { mostDocumentBytes } from './manifest/json-shape.ts';
import { parseImageConfig } from './manifest/parse-image-config.ts';
import type { ImageSource, RawManifest } from './transfer/endpoints.ts';
import { manifestOf, readPlatformManifest, readRoot } from './transfer/read-manifests.ts';

export interface OpenOptions {
  /** Which image of an index; the host's platform when left out. */
  readonly platform?: Platform;
  readonly signal?: AbortSignal;
}

/**
 * Reads what a source says of its image, verified; the layers are read when they are asked for.
 * Throws `invalid` when manifest and config disagree, `not-found` when the platform is missing.
 */
export async function openImage(source: ImageSource, options: OpenOptions = {}): Promise<Image> {
  const { platform = hostPlatform(), signal } = options;
  const root = await readRoot(source, signal);
  const rawManifest = await readPlatformManifest(source, root, { platform, signal });
  return readImage(source, rawManifest, signal);
}

/** As `openImage`, of a manifest that has been chosen and verified. */
export async function readImage(
  source: ImageSource,
  rawManifest: RawManifest,
  signal?: AbortSignal,
): Promise<Image> {
  const manifest = manifestOf(rawManifest);
  const rawConfig = await readConfig(source, manifest.config, signal);
  const config = parseImageConfig(rawConfig);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw invalid(
      `read image ${rawManifest.descriptor.digest}: layers from manifest don't match image configuration: ${manifest.layers.length} and ${diffIds.length}`,
    );
  }
  const layers = manifest.layers.map((descriptor, index) => ({
    descriptor,
    diffId: diffIds[index]!,
    open: (options: { offset: number; signal?: AbortSignal }) => source.blob(descriptor, options),
  }));
  return { manifest, rawManifest, config, rawConfig, layers };
}

/** The config blob, verified. */
export async function readConfig(
  source: ImageSource,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<Buffer> {
  const { digest, size } = descriptor;
  if (size > mostDocumentBytes) {
    throw invalid(`read image config ${digest}: ${size} bytes are over ${mostDocumentBytes}`);
  }
  const stream = source.blob(descriptor, { offset: 0, ...(signal && { signal }) });
  return collect(verifying(stream, { digest, sizeBytes: size }), mostDocumentBytes);
}
