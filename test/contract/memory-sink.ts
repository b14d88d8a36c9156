import { collect, type Digest, notFound, streamOf, verifying } from '../../src/core/index.ts';
import type { ImageSink, ImageSource, RawManifest } from '../../src/image/index.ts';

/** A sink that keeps everything in memory and nothing of a failed blob. */
export function memorySink() {
  const blobs = new Map<Digest, Buffer>();
  const manifests = new Map<Digest, RawManifest>();
  const tags = new Map<string, RawManifest>();
  const sink: ImageSink = {
    hasBlob: async ({ digest }) => blobs.has(digest),
    async putBlob({ digest, size }, open, { onProgress }) {
      const bytes = await collect(verifying(open(0), { digest, sizeBytes: size }), 1 << 26);
      blobs.set(digest, bytes);
      onProgress?.(size);
    },
    async putManifest(manifest, options) {
      manifests.set(manifest.descriptor.digest, manifest);
      for (const tag of options.tags) tags.set(tag, manifest);
    },
  };
  const manifestOf = ({ digest }: { digest: Digest }) => {
    const found = manifests.get(digest);
    if (!found) throw notFound(`read manifest ${digest}: unknown`);
    return found;
  };
  const sourceOf = (tag: string): ImageSource => ({
    root: async () => tags.get(tag)!,
    manifest: async (descriptor) => manifestOf(descriptor),
    blob: ({ digest }, { offset }) => streamOf(blobs.get(digest)!.subarray(offset)),
  });
  return { sink, blobs, manifests, tags, sourceOf };
}
