import type { BaseImage, BaseImages, ImageWriter, ResolveOptions } from '../../build/index.ts';
import {
  type Digest,
  errorKind,
  formatReference,
  hostPlatform,
  type Reference,
} from '../../core/index.ts';
import { platformMatches } from '../../image/index.ts';
import type { ImageStore, LocalImage } from '../../store/index.ts';
import type { Transfers } from '../transfers.ts';
import { loginFor } from './login-for.ts';

/** Base images from the local store, pulled when they are missing, of another platform, or asked for. */
export function createBaseImages(options: {
  images: ImageStore;
  transfers: Transfers;
}): BaseImages {
  const { images, transfers } = options;

  async function local(
    reference: Reference,
    { platform }: ResolveOptions,
  ): Promise<LocalImage | undefined> {
    try {
      const image = await images.resolve(formatReference(reference));
      const wanted = platform ?? hostPlatform();
      return platformMatches(wanted, image.config) ? image : undefined;
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  }

  async function pull(reference: Reference, resolveOptions: ResolveOptions): Promise<LocalImage> {
    const { platform, auth, onProgress, signal } = resolveOptions;
    const { image } = await transfers.pull(reference, {
      platform,
      signal,
      auth: await loginFor(auth, reference.domain, signal),
      onEvent(event) {
        if (event.kind !== 'progress') return;
        const { blob, doneBytes, totalBytes } = event;
        onProgress?.({ id: blob, action: 'downloading', current: doneBytes, total: totalBytes });
      },
    });
    return image;
  }

  return {
    async resolve(reference, resolveOptions): Promise<BaseImage> {
      const found = resolveOptions.pull ? undefined : await local(reference, resolveOptions);
      const image = found ?? (await pull(reference, resolveOptions));
      const digest = image.repoDigests.find(
        ({ domain, path }) => domain === reference.domain && path === reference.path,
      )?.digest;
      return { id: image.id, config: image.config, chain: image.chain, ...(digest && { digest }) };
    },
  };
}

export function createImageWriter(
  images: Pick<ImageStore, 'add' | 'resolve' | 'delete'>,
): ImageWriter {
  const find = async (id: Digest): Promise<LocalImage | undefined> => {
    try {
      return await images.resolve(id);
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  };
  return {
    write: async (config, { tags, parent }) => (await images.add(config, { tags, parent })).id,
    has: async (id) => (await find(id)) !== undefined,
    async forget(id) {
      if ((await find(id))?.tags.length === 0) await images.delete(id);
    },
  };
}
