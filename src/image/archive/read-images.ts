import { invalid, parseReference, type Reference } from '../../core/index.ts';
import type { Descriptor } from '../manifest/descriptor.ts';
import { isIndexType, isManifestType } from '../manifest/media-types.ts';
import { imageSource } from '../mutate.ts';
import type { ImageSource } from '../transfer/endpoints.ts';
import { manifestOf } from '../transfer/read-manifests.ts';
import { type DockerArchiveEntry, readDockerImage, readDockerManifest } from './docker-archive.ts';
import type { MemberFiles } from './member-files.ts';
import {
  blobPath,
  imageNameAnnotation,
  layoutSource,
  readLayoutIndex,
  refNameAnnotation,
} from './oci-layout.ts';

/** An image found in a layout or archive. */
export interface ArchivedImage {
  readonly root: Descriptor;
  readonly source: ImageSource;
  /** Full names, tag included. */
  readonly references: readonly Reference[];
  /** Names that are no references, such as the bare `latest` of a layout. */
  readonly refNames: readonly string[];
}

/**
 * The images in an OCI layout or in what `docker save` wrote, old form or new; the files must stay
 * open while images are read. Throws `invalid` when they are neither.
 */
export async function readImages(files: MemberFiles): Promise<ArchivedImage[]> {
  const index = await readLayoutIndex(files);
  const entries = await readDockerManifest(files);
  if (!index && !entries) {
    throw invalid('read archive: unrecognized image format: no oci-layout and no manifest.json');
  }
  const images = index
    ? await layoutImages(files, { roots: index.manifests, entries: entries ?? [] })
    : await dockerImages(files, entries ?? []);
  return merged(images);
}

async function layoutImages(
  files: MemberFiles,
  { roots, entries }: { roots: readonly Descriptor[]; entries: readonly DockerArchiveEntry[] },
): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const root of roots) {
    const { mediaType } = root;
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) continue;
    const source = layoutSource(files, root);
    const names = namesOf(root);
    const entry = await entryOf(source, root, entries);
    const tags = names.references.length > 0 ? [] : (entry?.entry.RepoTags ?? []);
    const references = [...names.references, ...tags.map((tag) => parseReference(tag))];
    // Docker 25.0 left the layers out of its manifests, so its own list has to serve.
    const image = entry?.lacksLayers
      ? await dockerImage(files, entry.entry)
      : { root: withoutNames(root), source };
    images.push({ ...image, references, refNames: names.refNames });
  }
  return images;
}

/** What `manifest.json` has of the same image. */
async function entryOf(
  source: ImageSource,
  root: Descriptor,
  entries: readonly DockerArchiveEntry[],
): Promise<{ entry: DockerArchiveEntry; lacksLayers: boolean } | undefined> {
  if (entries.length === 0 || !isManifestType(root.mediaType)) return undefined;
  const manifest = manifestOf(await source.root());
  const entry = entries.find(({ Config }) => Config === blobPath(manifest.config.digest));
  return entry && { entry, lacksLayers: manifest.layers.length < entry.Layers.length };
}

function namesOf({ annotations = {} }: Descriptor): Pick<ArchivedImage, 'references' | 'refNames'> {
  const imageName = annotations[imageNameAnnotation];
  if (imageName) return { references: [parseReference(imageName)], refNames: [] };
  const refName = annotations[refNameAnnotation];
  if (!refName) return { references: [], refNames: [] };
  // Layouts may hold whole references there, though mostly it is a tag alone.
  return /[/:]/.test(refName)
    ? { references: [parseReference(refName)], refNames: [] }
    : { references: [], refNames: [refName] };
}

function withoutNames({ annotations: _, ...root }: Descriptor): Descriptor {
  return root;
}

async function dockerImages(
  files: MemberFiles,
  entries: readonly DockerArchiveEntry[],
): Promise<ArchivedImage[]> {
  const images: ArchivedImage[] = [];
  for (const entry of entries) {
    const references = entry.RepoTags.map((tag) => parseReference(tag));
    images.push({ ...(await dockerImage(files, entry)), references, refNames: [] });
  }
  return images;
}

async function dockerImage(
  files: MemberFiles,
  entry: DockerArchiveEntry,
): Promise<Pick<ArchivedImage, 'root' | 'source'>> {
  const image = await readDockerImage(files, entry);
  return { root: image.rawManifest.descriptor, source: imageSource(image) };
}

/** An image with several names stands in an index once for each. */
function merged(images: readonly ArchivedImage[]): ArchivedImage[] {
  const byDigest = Map.groupBy(images, (image) => image.root.digest);
  return [...byDigest.values()].map((same) => ({
    root: same[0]!.root,
    source: same[0]!.source,
    references: same.flatMap((image) => image.references),
    refNames: same.flatMap((image) => image.refNames),
  }));
}
