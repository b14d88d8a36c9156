import {
  type Digest,
  digestAlgorithm,
  digestOf,
  invalid,
  type Platform,
} from '../../core/index.ts';
import type { Descriptor } from '../manifest/descriptor.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { isIndexType } from '../manifest/media-types.ts';
import { parseIndex, parseManifest } from '../manifest/parse-manifest.ts';
import { selectPlatform } from '../manifest/platform.ts';
import type { ImageSource, RawManifest } from './endpoints.ts';

const deepestIndex = 4;
const mostManifests = 1000;

/** The root of a source, verified. */
export async function readRoot(source: ImageSource, signal?: AbortSignal): Promise<RawManifest> {
  const root = await source.root(signal);
  return verified(root.bytes, root.descriptor);
}

/** The one manifest of an image that suits the platform: the root, or what its index names. */
export async function readPlatformManifest(
  source: ImageSource,
  root: RawManifest,
  options: { platform: Platform; signal?: AbortSignal },
): Promise<RawManifest> {
  let found = root;
  for (let depth = 0; isIndexType(found.descriptor.mediaType); depth++) {
    refuseDepth(depth, found.descriptor);
    const index = parseIndex(found.bytes, found.descriptor.mediaType);
    const chosen = selectPlatform(index, options.platform);
    found = await readManifest(source, chosen, options.signal);
  }
  return found;
}

/** All manifests and indexes below a root, each before the index that names it; the root is last. */
export async function readAllManifests(
  source: ImageSource,
  root: RawManifest,
  signal?: AbortSignal,
): Promise<RawManifest[]> {
  const found = new Map<Digest, RawManifest>();
  const visit = async (manifest: RawManifest, depth: number): Promise<void> => {
    const { digest, mediaType } = manifest.descriptor;
    if (found.has(digest)) return;
    if (isIndexType(mediaType)) {
      refuseDepth(depth, manifest.descriptor);
      for (const child of parseIndex(manifest.bytes, mediaType).manifests) {
        if (found.has(child.digest)) continue;
        if (found.size >= mostManifests) {
          throw invalid(`read index ${root.descriptor.digest}: over ${mostManifests} manifests`);
        }
        await visit(await readManifest(source, child, signal), depth + 1);
      }
    }
    found.set(digest, manifest);
  };
  await visit(root, 0);
  return [...found.values()];
}

/** Config and layers of a manifest, for whoever needs its blobs. */
export function manifestOf({ descriptor, bytes }: RawManifest): Manifest {
  return parseManifest(bytes, descriptor.mediaType);
}

async function readManifest(
  source: ImageSource,
  descriptor: Descriptor,
  signal?: AbortSignal,
): Promise<RawManifest> {
  const { bytes } = await source.manifest(descriptor, signal);
  return verified(bytes, descriptor);
}

function verified(bytes: Uint8Array, descriptor: Descriptor): RawManifest {
  const { digest, size } = descriptor;
  const actual = digestOf(bytes, digestAlgorithm(digest));
  if (actual !== digest) {
    throw invalid(`read manifest ${digest}: content has digest ${actual}`, {
      code: 'DIGEST_INVALID',
    });
  }
  if (bytes.length !== size) {
    throw invalid(`read manifest ${digest}: it has ${bytes.length} bytes, ${size} were announced`, {
      code: 'SIZE_INVALID',
    });
  }
  return { descriptor, bytes };
}

function refuseDepth(depth: number, { digest }: Descriptor): void {
  if (depth >= deepestIndex) {
    throw invalid(`read index ${digest}: indexes are nested over ${deepestIndex} deep`);
  }
}
