import type { Digest } from '../../core/index.ts';

/** A tree as it crosses threads: columns in plain memory, some hundred bytes for each file. */
export interface PackedTree {
  readonly count: number;
  readonly names: Uint8Array;
  /** End of each name in `names`, and so on. */
  readonly nameEnds: Float64Array;
  readonly links: Uint8Array;
  readonly linkEnds: Float64Array;
  readonly types: Uint8Array;
  readonly modes: Uint16Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly sizes: Float64Array;
  readonly times: Float64Array;
  /** 32 bytes for each entry; of files only. */
  readonly digests: Uint8Array;
  /** By entry: few have any. */
  readonly xattrs: ReadonlyMap<number, Digest>;
}
