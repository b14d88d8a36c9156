import {
  type Digest,
  digestAlgorithm,
  digestHex,
  invalid,
  notFound,
  unsupported,
} from '../../core/index.ts';
import type { Descriptor } from '../manifest/descriptor.ts';
import { parseDocument, shape, text } from '../manifest/json-shape.ts';
import type { Index } from '../manifest/manifest.ts';
import { mediaTypes } from '../manifest/media-types.ts';
import { parseIndex } from '../manifest/parse-manifest.ts';
import type { ImageSource } from '../transfer/endpoints.ts';
import { type MemberFiles, readDocument } from './member-files.ts';

/** Names in an OCI image layout (image-spec, image-layout.md), and of images in its index. */
export const layoutFile = 'oci-layout';
export const indexFile = 'index.json';
export const layoutVersion = '1.0.0';
export const refNameAnnotation = 'org.opencontainers.image.ref.name';
export const imageNameAnnotation = 'io.containerd.image.name';

export function blobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** The index of a layout, or undefined when the files are none. Throws `invalid`, `unsupported`. */
export async function readLayoutIndex(files: MemberFiles): Promise<Index | undefined> {
  const layout = await readDocument(files, layoutFile);
  if (!layout) return undefined;
  const version = parseDocument(layout, layoutFile, shape({ imageLayoutVersion: text }));
  if (version.imageLayoutVersion !== layoutVersion) {
    const found = JSON.stringify(version.imageLayoutVersion);
    throw unsupported(`read image layout: version ${found} is not ${layoutVersion}`);
  }
  const index = await readDocument(files, indexFile);
  if (!index) throw invalid(`read image layout: it has no ${indexFile}`);
  return parseIndex(index, mediaTypes.ociIndex);
}

/** The image of a layout with this root. */
export function layoutSource(files: MemberFiles, root: Descriptor): ImageSource {
  const manifest = async (descriptor: Descriptor) => {
    const bytes = await readDocument(files, blobPath(descriptor.digest));
    if (bytes) return { descriptor, bytes };
    throw notFound(`read manifest ${descriptor.digest}: it is not in the layout`, {
      code: 'MANIFEST_UNKNOWN',
    });
  };
  return {
    root: () => manifest(root),
    manifest,
    async *blob(descriptor, options) {
      const { digest, size } = descriptor;
      const sizeBytes = await files.sizeOf(blobPath(digest));
      if (sizeBytes === undefined) {
        throw notFound(`read blob ${digest}: it is not in the layout`, { code: 'BLOB_UNKNOWN' });
      }
      // Said here, as a file that is short will not grow by trying again.
      if (sizeBytes !== size) {
        throw invalid(`read blob ${digest}: it has ${sizeBytes} bytes, ${size} were announced`, {
          code: 'SIZE_INVALID',
        });
      }
      yield* files.open(blobPath(digest), options);
    },
  };
}
