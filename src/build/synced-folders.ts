import type { ListedFiles } from '../core/index.ts';
/** Part of a listed file's content; pieces of one file come in order. */
export interface ListedPiece {
  /** Of the entry in its listing. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/** Contents of listed files to be written, each as the file `<number>` of an empty folder. */
export interface ReceiveRequest {
  readonly staging: string;
  readonly listed: ListedFiles;
  /** Which are to come, each once. */
  readonly wanted: Uint32Array;
  readonly pieces: AsyncIterable<readonly ListedPiece[]>;
  /** More bytes than this are refused as `invalid`. */
  readonly mostBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes a folder of the builder's own what a listing says. No file is ever changed where it stands,
 * for it may have a second name in a layer: a new one takes its place.
 */
export interface UpdateRequest {
  readonly directory: string;
  readonly listed: ListedFiles;
  /** One of `updateActions` for each entry. */
  readonly actions: Uint8Array;
  /** Paths that go first, each after what is in it. */
  readonly removed: readonly string[];
  readonly staging: string;
  readonly base?: string;
}
