import { type Digest, notFound, parseReference } from '../../../core/index.ts';
import type { ImageConfig } from '../../../image/index.ts';
import type { LocalImage } from '../../../store/index.ts';
import type { ImagePorts } from './ports.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;

/** For tests: an image whose id is one letter repeated. */
export function sampleImage(
  letter: string,
  options: {
    tags?: string[];
    digests?: string[];
    layers?: [letter: string, sizeBytes: number][];
    created?: string;
    labels?: Record<string, string>;
    config?: Partial<ImageConfig>;
    parent?: string;
  } = {},
): LocalImage {
  const { layers = [['1', 100]], created = '2026-01-01T00:00:00Z', labels } = options;
  const config: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    created,
    rootfs: { type: 'layers', diff_ids: layers.map(([layer]) => digest(layer)) },
    config: { Cmd: ['sh'], ...(labels && { Labels: labels }) },
    ...options.config,
  };
  return {
    id: digest(letter),
    config,
    rawConfig: Buffer.from(JSON.stringify(config)),
    chain: null,
    tags: (options.tags ?? []).map((tag) => parseReference(tag)),
    repoDigests: (options.digests ?? []).map((name) => parseReference(name)),
    sizeBytes: layers.reduce((sum, [, sizeBytes]) => sum + sizeBytes, 0),
    layerSizesBytes: layers.map(([, sizeBytes]) => sizeBytes),
    parent: options.parent === undefined ? undefined : digest(options.parent),
  };
}

/** For tests: a store in memory that knows names, full ids and prefixes. */
export function sampleStore(images: LocalImage[]): ImagePorts['images'] {
  const key = (text: string) => JSON.stringify(parseReference(text));
  const named = (reference: object) => JSON.stringify(reference);
  return {
    async resolve(text) {
      const found = images.find(
        ({ id, tags, repoDigests }) =>
          id === text ||
          (text.length > 3 && id.startsWith(`sha256:${text}`)) ||
          (!text.startsWith('sha256:') &&
            [...tags, ...repoDigests].some((reference) => named(reference) === key(text))),
      );
      if (!found) throw notFound(`No such image: ${text.includes(':') ? text : `${text}:latest`}`);
      return found;
    },
    list: async () => [...images],
    async tag(id, reference) {
      images = images.map((image) =>
        image.id === id ? { ...image, tags: [...image.tags, reference] } : image,
      );
    },
    async untag(reference) {
      const others = (list: readonly object[]) =>
        list.filter((other) => named(other) !== named(reference)) as LocalImage['tags'];
      images = images.map((image) => ({
        ...image,
        tags: others(image.tags),
        repoDigests: others(image.repoDigests),
      }));
    },
    async delete(id) {
      images = images.filter((image) => image.id !== id);
      return { deleted: [id, digest('f')] };
    },
  };
}
