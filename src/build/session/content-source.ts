import { collect, type Digest, invalid } from '../../core/index.ts';
import { type ImageSource, manifestTypeOf } from '../../image/index.ts';
import type { RemoteBlobs } from '../remote-blobs.ts';

const mostManifestBytes = 4 * 2 ** 20;

/** The image whose manifest or index has this digest, out of a client's blobs. */
export function contentSource(blobs: RemoteBlobs, digest: Digest): ImageSource {
  async function document(wanted: Digest, signal?: AbortSignal): Promise<Uint8Array> {
    const sizeBytes = await blobs.sizeOf(wanted, signal);
    if (sizeBytes > mostManifestBytes) {
      throw invalid(`read manifest ${wanted}: ${sizeBytes} bytes are over ${mostManifestBytes}`);
    }
    return collect(blobs.open(wanted, { offset: 0, signal }), mostManifestBytes);
  }
  return {
    async root(signal) {
      const bytes = await document(digest, signal);
      // Nobody but the content itself says what it is.
      const mediaType = manifestTypeOf(bytes);
      return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
    },
    manifest: async (descriptor, signal) => ({
      descriptor,
      bytes: await document(descriptor.digest, signal),
    }),
    blob: (descriptor, options) => blobs.open(descriptor.digest, options),
  };
}
