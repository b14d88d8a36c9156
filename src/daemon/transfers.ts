import type { Digest, Reference } from '../core/index.ts';
import { errorKind, formatReference } from '../core/index.ts';
import { copyImage, type Platform, type TransferEvent } from '../image/index.ts';
import {
  type Credentials,
  type RegistryClient,
  registrySink,
  registrySource,
} from '../registry/index.ts';
import type { ImageStore, LocalImage } from '../store/index.ts';

/** Images between registries and the local store. */
export interface Transfers {
  /** Throws `not-found`, `unauthorized`, `unavailable` in Docker's words. */
  pull(
    reference: Reference,
    options: TransferOptions & { platform?: Platform },
  ): Promise<{ image: LocalImage; digest: Digest; isNew: boolean }>;
  push(
    reference: Reference,
    options: TransferOptions,
  ): Promise<{ digest: Digest; sizeBytes: number }>;
}

export interface TransferOptions {
  readonly credentials?: Credentials;
  readonly onEvent?: (event: TransferEvent) => void;
  readonly signal?: AbortSignal;
}

export function createTransfers(options: {
  client: RegistryClient;
  images: ImageStore;
}): Transfers {
  const { client, images } = options;

  async function idOf(reference: Reference): Promise<Digest | undefined> {
    try {
      return (await images.resolve(formatReference(reference))).id;
    } catch (error) {
      if (errorKind(error) === 'not-found') return undefined;
      throw error;
    }
  }

  return {
    async pull(reference, { credentials, platform, onEvent, signal }) {
      const before = await idOf(reference);
      const tags = reference.tag === undefined || reference.digest !== undefined ? [] : [reference];
      const { root, copied } = await copyImage({
        source: registrySource(client, reference, { credentials }),
        sink: images.sink({ name: reference, tags }),
        platform,
        onEvent,
        signal,
      });
      const { digest } = root.descriptor;
      const image = await images.resolve(
        formatReference({ ...reference, tag: undefined, digest: copied.descriptor.digest }),
      );
      // The name people know is that of the index, where there is one.
      if (digest !== copied.descriptor.digest)
        await images.addDigest(image.id, { ...reference, digest });
      return { image: await images.resolve(image.id), digest, isNew: image.id !== before };
    },

    async push(reference, { credentials, onEvent, signal }) {
      const image = await images.resolve(formatReference(reference));
      const elsewhere = image.repoDigests.filter(
        ({ domain, path }) => domain === reference.domain && path !== reference.path,
      );
      const { copied } = await copyImage({
        source: images.source(image.id),
        sink: registrySink(client, reference, {
          credentials,
          mountFrom: () => elsewhere.map(({ path }) => path),
        }),
        tags: reference.tag === undefined ? [] : [reference.tag],
        onEvent,
        signal,
      });
      const { digest, size } = copied.descriptor;
      await images.addDigest(image.id, { ...reference, tag: undefined, digest }, copied);
      return { digest, sizeBytes: size };
    },
  };
}
