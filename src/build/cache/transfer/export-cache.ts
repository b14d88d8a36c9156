import type { Digest } from '../../../core/index.ts';
import {
  type Descriptor,
  descriptorOf,
  encodeDocument,
  type ImageSink,
  type Manifest,
  mediaTypes,
} from '../../../image/index.ts';
import type { Filesystems, Layers } from '../../ports.ts';
import {
  type CacheLayer,
  cacheConfigType,
  encodeCache,
  type TravellingRecord,
} from './cache-document.ts';

export interface CacheToExport {
  readonly records: readonly TravellingRecord[];
  /** Stacks of base images: who imports has them by other means. */
  readonly bases: ReadonlySet<Digest>;
}

/** Writes the layers of cached steps and the records that lead to them, as one manifest. */
export async function exportCache(
  { records, bases }: CacheToExport,
  options: {
    sink: ImageSink;
    tag: string;
    filesystems: Pick<Filesystems, 'layers'>;
    layers: Pick<Layers, 'blob'>;
    onProgress: (done: number, total: number) => void;
    signal: AbortSignal;
  },
): Promise<{ manifestDigest: Digest }> {
  const { sink, signal } = options;
  const placed = await placedLayers({ records, bases }, options.filesystems);
  const layers: CacheLayer[] = [];
  const descriptors = new Map<Digest, Descriptor>();
  for (const [index, layer] of placed.entries()) {
    signal.throwIfAborted();
    const { descriptor, open } = await options.layers.blob(layer.chain);
    descriptors.set(descriptor.digest, descriptor);
    layers.push({ ...layer, blob: descriptor.digest });
    if (!(await sink.hasBlob(descriptor, signal))) await sink.putBlob(descriptor, open, { signal });
    options.onProgress(index + 1, placed.length);
  }
  const config = encodeCache({ version: 1, layers, records });
  const configDescriptor = descriptorOf(config, cacheConfigType);
  await sink.putBlob(configDescriptor, (offset) => bytesOf(config.subarray(offset)), { signal });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configDescriptor,
    layers: [...descriptors.values()],
  };
  const bytes = encodeDocument(manifest);
  const descriptor = descriptorOf(bytes, mediaTypes.ociManifest);
  await sink.putManifest({ descriptor, bytes }, { tags: [options.tag], signal });
  return { manifestDigest: descriptor.digest };
}

async function* bytesOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Every layer of the records' stacks once, each on its place; those of base images left out. */
async function placedLayers(
  { records, bases }: CacheToExport,
  filesystems: Pick<Filesystems, 'layers'>,
): Promise<Omit<CacheLayer, 'blob'>[]> {
  const placed = new Map<Digest, Omit<CacheLayer, 'blob'>>();
  const known = new Set<Digest>();
  // Longest stacks first: most of the others are then parts of what is known already.
  for (const { chain } of [...records].reverse()) {
    if (known.has(chain)) continue;
    const stack = await filesystems.layers(chain);
    const first = stack.findLastIndex((layer) => bases.has(layer.chain)) + 1;
    for (const [index, layer] of stack.entries()) {
      known.add(layer.chain);
      if (index < first) continue;
      placed.set(layer.chain, { ...layer, parent: stack[index - 1]?.chain });
    }
  }
  return [...placed.values()];
}
