import type { Digest, Reference } from '../core/index.ts';
import type { Platform, TransferEvent } from '../image/index.ts';
import type { LocalImage } from '../store/index.ts';

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
  readonly credentials?: { username: string; password: string; identityToken?: string };
  readonly onEvent?: (event: TransferEvent) => void;
  readonly signal?: AbortSignal;
}
