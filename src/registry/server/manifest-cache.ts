import type { Digest } from '../../core/index.ts';

const cacheBytes = 8 * 1024 * 1024;
const largestEntryBytes = 128 * 1024;

/** Keeps the bytes of manifests asked for lately: they never change under their digest. */
export function manifestCache(read: (digest: Digest) => Promise<Uint8Array>) {
  const entries = new Map<Digest, Buffer>();
  let sizeBytes = 0;

  function get(digest: Digest): Buffer | undefined {
    const bytes = entries.get(digest);
    if (!bytes) return undefined;
    entries.delete(digest);
    entries.set(digest, bytes);
    return bytes;
  }

  async function load(digest: Digest): Promise<Buffer> {
    const content = await read(digest);
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    if (bytes.length > largestEntryBytes || entries.has(digest)) return bytes;
    entries.set(digest, bytes);
    sizeBytes += bytes.length;
    for (const [oldest, entry] of entries) {
      if (sizeBytes <= cacheBytes) break;
      entries.delete(oldest);
      sizeBytes -= entry.length;
    }
    return bytes;
  }

  return { get, load };
}
