import { createHash } from 'node:crypto';
import { finishDigest, invalid, unsupported } from '../../core/index.ts';
import { sniffCompression } from '../compression/compression.ts';
import type { Image, Layer } from '../image.ts';
import { cleanMemberPath } from '../layer/member-path.ts';
import { listOf, parseDocument, type Read, shape, text } from '../manifest/json-shape.ts';
import { layerMediaType } from '../manifest/media-types.ts';
import { parseImageConfig } from '../manifest/parse-image-config.ts';
import { assembleImage } from '../mutate.ts';
import { type MemberFiles, readDocument } from './member-files.ts';

/** The list of images in what `docker save` writes. */
export const dockerManifestFile = 'manifest.json';

/** One image of a docker-archive: paths of its config and layers, lowest first, and its tags. */
export interface DockerArchiveEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

const memberPath: Read<string> = (value, place) => cleanMemberPath(text(value, place));

const entry: Read<DockerArchiveEntry> = shape({
  Config: memberPath,
  RepoTags: listOf(text),
  Layers: listOf(memberPath),
});

/** What `manifest.json` lists, or undefined when there is none. Throws `invalid`. */
export async function readDockerManifest(
  files: MemberFiles,
): Promise<DockerArchiveEntry[] | undefined> {
  const bytes = await readDocument(files, dockerManifestFile);
  return bytes && parseDocument(bytes, dockerManifestFile, listOf(entry));
}

/**
 * The image of an entry, for which a manifest is made: such archives hold none. Layers are named
 * by the digests the config gives; whoever stores them verifies. Throws `invalid` when files are
 * missing or do not match the config.
 */
export async function readDockerImage(
  files: MemberFiles,
  { Config, Layers }: DockerArchiveEntry,
): Promise<Image> {
  const rawConfig = await readDocument(files, Config);
  if (!rawConfig) throw missing('config', Config);
  const config = parseImageConfig(rawConfig);
  const diffIds = config.rootfs.diff_ids;
  if (diffIds.length !== Layers.length) {
    throw invalid(
      `invalid manifest, layers length mismatch: expected ${Layers.length}, got ${diffIds.length}`,
    );
  }
  const layers: Layer[] = [];
  for (const [index, path] of Layers.entries()) {
    layers.push(await readLayer(files, { path, diffId: diffIds[index]! }));
  }
  return assembleImage({ config, rawConfig, layers });
}

async function readLayer(
  files: MemberFiles,
  { path, diffId }: { path: string; diffId: Layer['diffId'] },
): Promise<Layer> {
  const sizeBytes = await files.sizeOf(path);
  if (sizeBytes === undefined) throw missing('layer', path);
  const compression = await compressionOf(files, path);
  if (compression === 'bzip2' || compression === 'xz') {
    throw unsupported(
      `read archive: layer ${JSON.stringify(path)} is compressed with ${compression}`,
    );
  }
  const digest = compression === 'none' ? diffId : await digestFile(files, path);
  return {
    descriptor: { mediaType: layerMediaType(compression), digest, size: sizeBytes },
    diffId,
    open: (options) => files.open(path, options),
  };
}

async function compressionOf(files: MemberFiles, path: string) {
  for await (const chunk of files.open(path, { offset: 0 })) return sniffCompression(chunk);
  return 'none';
}

async function digestFile(files: MemberFiles, path: string) {
  const hash = createHash('sha256');
  for await (const chunk of files.open(path, { offset: 0 })) hash.update(chunk);
  return finishDigest(hash);
}

function missing(what: string, path: string) {
  return invalid(`read archive: ${what} ${JSON.stringify(path)} is missing`);
}
