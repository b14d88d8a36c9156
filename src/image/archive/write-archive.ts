import {
  type ByteStream,
  type Digest,
  errorKind,
  familiarName,
  familiarReference,
  formatReference,
  hostPlatform,
  type Platform,
  type Reference,
  verifying,
} from '../../core/index.ts';
import { encodeDocument, type Image } from '../image.ts';
import type { Descriptor } from '../manifest/descriptor.ts';
import { isManifestType, mediaTypes } from '../manifest/media-types.ts';
import { readImage } from '../open-image.ts';
import { type NewTarMember, writeTar } from '../tar/write-tar.ts';
import type { ImageSource, RawManifest } from '../transfer/endpoints.ts';
import {
  manifestOf,
  readAllManifests,
  readPlatformManifest,
  readRoot,
} from '../transfer/read-manifests.ts';
import { type DockerArchiveEntry, dockerManifestFile } from './docker-archive.ts';
import {
  blobPath,
  imageNameAnnotation,
  indexFile,
  layoutFile,
  layoutVersion,
  refNameAnnotation,
} from './oci-layout.ts';

export interface ArchiveOptions {
  /** Which image of an index to write; the host's platform when left out. */
  readonly platform?: Platform;
  /** Writes whole indexes instead. */
  readonly allPlatforms?: boolean;
  readonly signal?: AbortSignal;
}

export interface ImageToArchive {
  readonly source: ImageSource;
  /** Names with tags that it shall be loaded under. */
  readonly references: readonly Reference[];
}

/**
 * The images as one archive, in the form of Docker 25 and later: an OCI layout that also holds
 * Docker's `manifest.json`, so `docker load`, podman, skopeo and dive read it. Blobs are verified
 * as they pass; the stream breaks off with `invalid` when one is not what its digest says. The same
 * images always give the same bytes.
 */
export async function* writeArchive(
  images: readonly ImageToArchive[],
  options: ArchiveOptions = {},
): ByteStream {
  const contents: ArchiveContent[] = [];
  for (const image of images) contents.push(await readContent(image, options));
  yield* writeTar(members(contents, options.signal));
}

interface ArchiveContent extends ImageToArchive {
  readonly root: RawManifest;
  readonly manifests: readonly RawManifest[];
  /** The one image that `manifest.json` can tell of. */
  readonly image: Image | undefined;
}

async function readContent(
  { source, references }: ImageToArchive,
  { platform = hostPlatform(), allPlatforms, signal }: ArchiveOptions,
): Promise<ArchiveContent> {
  const offered = await readRoot(source, signal);
  const one = () => readPlatformManifest(source, offered, { platform, ...(signal && { signal }) });
  const root = allPlatforms ? offered : await one();
  const manifests = await readAllManifests(source, root, signal);
  // A whole index may do without an image for this machine.
  const chosen = allPlatforms ? await one().catch(unlessFound) : root;
  const image = chosen && (await readImage(source, chosen, signal));
  return { source, references, root, manifests, image };
}

function unlessFound(error: unknown): undefined {
  if (errorKind(error) !== 'not-found') throw error;
}

async function* members(
  contents: readonly ArchiveContent[],
  signal: AbortSignal | undefined,
): AsyncGenerator<NewTarMember> {
  const blobs = new Map<Digest, NewTarMember>();
  for (const { source, manifests } of contents) {
    for (const { descriptor, bytes } of manifests) {
      blobs.set(descriptor.digest, fileMember(blobPath(descriptor.digest), bytes));
      if (!isManifestType(descriptor.mediaType)) continue;
      const { config, layers } = manifestOf({ descriptor, bytes });
      for (const blob of [config, ...layers]) {
        if (!blobs.has(blob.digest)) blobs.set(blob.digest, blobMember(source, blob, signal));
      }
    }
  }
  // In the order of their names, and directories before what is in them.
  const sorted = [...blobs.values()].sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
  const directories = new Set(sorted.map(({ entry }) => entry.path.replace(/[^/]+$/, '')));
  yield directoryMember('blobs/');
  for (const directory of directories) {
    yield directoryMember(directory);
    yield* sorted.filter(({ entry }) => entry.path.startsWith(directory));
  }
  yield fileMember(indexFile, encodeDocument(layoutIndex(contents)));
  yield fileMember(dockerManifestFile, encodeDocument(dockerManifest(contents)));
  yield fileMember(layoutFile, encodeDocument({ imageLayoutVersion: layoutVersion }));
  const repositories = legacyRepositories(contents);
  if (repositories.size > 0) {
    yield fileMember('repositories', encodeDocument(Object.fromEntries(repositories)));
  }
}

function blobMember(
  source: ImageSource,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): NewTarMember {
  const { digest, size } = descriptor;
  const content = async function* (): ByteStream {
    const stream = source.blob(descriptor, { offset: 0, ...(signal && { signal }) });
    yield* verifying(stream, { digest, sizeBytes: size });
  };
  return { entry: { path: blobPath(digest), type: 'file', sizeBytes: size }, content: content() };
}

function fileMember(path: string, content: Uint8Array): NewTarMember {
  return { entry: { path, type: 'file', sizeBytes: content.length }, content: [content] };
}

function directoryMember(path: string): NewTarMember {
  return { entry: { path, type: 'directory' } };
}

function layoutIndex(contents: readonly ArchiveContent[]) {
  const manifests = contents.flatMap(({ root, references, image }) => {
    const { platform = platformOf(image), ...rest } = root.descriptor;
    const isOneImage = isManifestType(rest.mediaType);
    const descriptor = { ...rest, ...(isOneImage && platform && { platform }) };
    if (references.length === 0) return [descriptor];
    return references.map((reference) => ({
      ...descriptor,
      annotations: {
        ...descriptor.annotations,
        [imageNameAnnotation]: formatReference(reference),
        [refNameAnnotation]: reference.tag ?? '',
      },
    }));
  });
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

function platformOf(image: Image | undefined): Platform | undefined {
  if (!image?.config.architecture) return undefined;
  const { os, architecture, variant } = image.config;
  return { os, architecture, ...(variant && { variant }) };
}

function dockerManifest(contents: readonly ArchiveContent[]) {
  return contents.flatMap(({ image, references }) => {
    if (!image) return [];
    const sources = image.layers.map(({ diffId, descriptor }) => [diffId, descriptor] as const);
    const entry: DockerArchiveEntry & { LayerSources: Record<string, Descriptor> } = {
      Config: blobPath(image.manifest.config.digest),
      RepoTags: references.map(familiarReference),
      Layers: image.layers.map(({ descriptor }) => blobPath(descriptor.digest)),
      LayerSources: Object.fromEntries(sources),
    };
    return [entry];
  });
}

/** What Docker read before 1.10, and still writes: the top layer of each tag. */
function legacyRepositories(contents: readonly ArchiveContent[]) {
  const repositories = new Map<string, Record<string, string>>();
  for (const { image, references } of contents) {
    const top = image?.layers.at(-1);
    if (!top) continue;
    for (const reference of references) {
      const name = familiarName(reference);
      const tags = { ...repositories.get(name), [reference.tag ?? '']: top.diffId.slice(7) };
      repositories.set(name, tags);
    }
  }
  return repositories;
}
