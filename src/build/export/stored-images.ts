import type { Digest, Reference } from '../../core/index.ts';
import type { ImageWriter } from '../ports.ts';
import { createTurns } from '../solve/turns.ts';

interface Image {
  readonly imageId: Digest;
  readonly rawConfig: Uint8Array;
}

/** What builds store of images: for good, or as long as somebody reads from them. */
export interface StoredImages {
  keep(image: Image, tags: readonly Reference[]): Promise<void>;
  /** Dispose takes the image away again with its last reader, unless it was there or is kept now. */
  lend(image: Image): Promise<AsyncDisposable>;
}

/** Several builds at once may make one image, some to keep it and some not. */
export function createStoredImages(images: ImageWriter): StoredImages {
  const turns = createTurns();
  const loans = new Map<Digest, { readers: number; stays: boolean }>();

  async function giveBack(imageId: Digest): Promise<void> {
    using _turn = await turns.take(imageId);
    const loan = loans.get(imageId)!;
    if (--loan.readers > 0) return;
    loans.delete(imageId);
    if (!loan.stays) await images.forget(imageId);
  }

  return {
    async keep({ imageId, rawConfig }, tags) {
      using _turn = await turns.take(imageId);
      const loan = loans.get(imageId);
      if (loan) loan.stays = true;
      await images.write(rawConfig, { tags });
    },
    async lend({ imageId, rawConfig }) {
      using _turn = await turns.take(imageId);
      const loan = loans.get(imageId) ?? { readers: 0, stays: await images.has(imageId) };
      await images.write(rawConfig, { tags: [] });
      loan.readers++;
      loans.set(imageId, loan);
      return { [Symbol.asyncDispose]: () => giveBack(imageId) };
    },
  };
}
