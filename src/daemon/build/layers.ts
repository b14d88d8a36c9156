import type { LayerEntry, Layers } from '../../build/index.ts';
import { type ByteStream, type Digest, invalid, notFound } from '../../core/index.ts';
import {
  cleanMemberPath,
  layerCompression,
  mediaTypes,
  memberRole,
  readTar,
} from '../../image/index.ts';
import type { ImageStore, Snapshots } from '../../store/index.ts';

/** The builder's single layers, out of and into the store's snapshots. */
export function createLayers(options: {
  snapshots: Snapshots;
  images: Pick<ImageStore, 'packLayer'>;
  open: (digest: Digest, offset: number) => ByteStream;
}): Layers {
  const { snapshots, images, open } = options;

  async function top(chain: Digest) {
    const layer = (await snapshots.layers(chain)).at(-1);
    if (layer === undefined) throw notFound(`find layer ${chain}: no such layer`);
    return layer;
  }

  return {
    entries: (chain) => entriesOf(snapshots.archive(chain)),
    async blob(chain) {
      const { diffId } = await top(chain);
      const { digest, sizeBytes, compression } = await images.packLayer(chain, diffId);
      const types = {
        none: mediaTypes.ociLayer,
        gzip: mediaTypes.ociLayerGzip,
        zstd: mediaTypes.ociLayerZstd,
      };
      return {
        descriptor: { mediaType: types[compression], digest, size: sizeBytes },
        open: (offset) => open(digest, offset),
      };
    },
    async unpack(parent, { descriptor, content, signal }) {
      const compression = layerCompression(descriptor.mediaType);
      if (compression === undefined)
        throw invalid(`unpack ${descriptor.digest}: ${descriptor.mediaType} is not a layer's type`);
      const expected = { digest: descriptor.digest, sizeBytes: descriptor.size };
      const unpacked = await snapshots.unpack(content, { compression, expected, signal });
      return top(await snapshots.stack(unpacked, parent));
    },
  };
}

async function* entriesOf(archive: ByteStream): AsyncGenerator<LayerEntry> {
  for await (const { entry } of readTar(archive)) {
    const role = memberRole(cleanMemberPath(entry.path));
    if (role.kind === 'whiteout' || role.kind === 'opaque') {
      yield { path: role.path, kind: role.kind, sizeBytes: 0 };
    } else if (role.kind === 'member') {
      const kind = entry.type === 'file' || entry.type === 'directory' ? entry.type : 'other';
      yield { path: cleanMemberPath(entry.path), kind, sizeBytes: entry.sizeBytes };
    }
  }
}
