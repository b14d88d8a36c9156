import type { CacheStores, Chain, Exports } from '../../build/index.ts';
import { type ByteStream, errnoCode, notFound } from '../../core/index.ts';
import {
  directoryFiles,
  type ImageSource,
  layoutSink,
  readImages,
  writeArchive,
} from '../../image/index.ts';
import { type RegistryClient, registrySink, registrySource } from '../../registry/index.ts';
import type { ImageStore } from '../../store/index.ts';
import type { Transfers } from '../transfers.ts';
import { loginFor } from './login-for.ts';

/** Takes what was built out of this machine. */
export function createExports(options: {
  images: Pick<ImageStore, 'resolve' | 'source'>;
  transfers: Pick<Transfers, 'push'>;
  archiveStack: (chain: Chain, options: { epochS?: number; signal?: AbortSignal }) => ByteStream;
}): Exports {
  const { images, transfers, archiveStack } = options;
  return {
    async push(imageId, reference, { auth, onProgress, signal }) {
      const image = await images.resolve(imageId);
      const { digest } = await transfers.push(image, reference, {
        auth: await loginFor(auth, reference.domain, signal),
        signal,
        onEvent(event) {
          if (event.kind !== 'progress') return;
          const { blob, doneBytes, totalBytes } = event;
          onProgress?.({ id: blob, action: 'pushing', current: doneBytes, total: totalBytes });
        },
      });
      return { manifestDigest: digest };
    },
    archive: (imageId, { tags, signal }) =>
      writeArchive([{ source: images.source(imageId), references: tags }], { signal }),
    filesystem: (chain, filesystemOptions) => archiveStack(chain, filesystemOptions),
  };
}

/** Build caches in registries and in folders of this machine. */
export function createCacheStores(client: RegistryClient): CacheStores {
  return {
    async source(address, { auth }): Promise<ImageSource> {
      if (address.kind === 'registry') {
        const { reference } = address;
        return registrySource(client, reference, {
          credentials: await loginFor(auth, reference.domain),
        });
      }
      if (address.kind === 'inline')
        throw notFound('import cache: type=inline names no image: use type=registry');
      return folderSource(address.path);
    },
    async sink(address, { auth }) {
      if (address.kind === 'registry') {
        const { reference } = address;
        return registrySink(client, reference, {
          credentials: await loginFor(auth, reference.domain),
        });
      }
      if (address.kind === 'inline')
        throw notFound('export cache: an inline cache is part of the image');
      return layoutSink(address.path);
    },
  };
}

async function folderSource(path: string): Promise<ImageSource> {
  try {
    const [image] = await readImages(directoryFiles(path));
    if (image) return image.source;
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error;
  }
  throw notFound(`import cache: ${path} holds no cache`);
}
