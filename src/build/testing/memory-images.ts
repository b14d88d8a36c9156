import { collect, type Digest, notFound, streamOf } from '../../core/index.ts';
import type { ImageSink, ImageSource, RawManifest } from '../../image/index.ts';

/** Blobs and manifests in memory, one repository for all, as a registry would keep them. */
export function createMemoryImages() {
  const blobs = new Map<Digest, Buffer>();
  const manifests = new Map<string, RawManifest>();
  const sink: ImageSink = {
    hasBlob: async ({ digest }) => blobs.has(digest),
    async putBlob({ digest }, open) {
      blobs.set(digest, await collect(open(0), 1 << 24));
    },
    async putManifest(manifest, { tags }) {
      for (const tag of tags) manifests.set(tag, manifest);
    },
  };
  const source = (tag: string): ImageSource => ({
    async root() {
      const manifest = manifests.get(tag);
      if (!manifest) throw notFound(`manifest ${tag}: not found`);
      return manifest;
    },
    manifest: async ({ digest }) => Promise.reject(notFound(`manifest ${digest}`)),
    async *blob({ digest }, { offset }) {
      const bytes = blobs.get(digest);
      if (!bytes) throw notFound(`blob ${digest}: not found`);
      yield* streamOf(bytes.subarray(offset));
    },
  });
  return { blobs, manifests, sink, source };
}
