/** Files of a listing in columns, each directory before what is in it; paths as in fsutil's order. */
export interface ListedFiles {
  /** Slash-separated, relative, clean. */
  readonly paths: readonly string[];
  /** Index in `listedTypes`. */
  readonly types: Uint8Array;
  /** Permission bits. */
  readonly modes: Uint16Array;
  readonly uids: Uint32Array;
  readonly gids: Uint32Array;
  readonly sizes: Float64Array;
  readonly mtimesNs: BigInt64Array;
  /** By number of the entry: target of a symlink, or path of the file a further name is of. */
  readonly links: ReadonlyMap<number, string>;
  readonly devices: ReadonlyMap<number, readonly [major: number, minor: number]>;
  readonly xattrs: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
}

export const listedTypes = [
  'file',
  'directory',
  'symlink',
  'fifo',
  'character-device',
  'block-device',
] as const;

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

/** What an update does about one entry of a listing. */
export const updateActions = {
  /** It stands there already. */
  keep: 0,
  /** Directory, link, device, or a further name of a file: to be made. */
  make: 1,
  /** A directory that stands there gets what is listed of it. */
  dress: 2,
  /** The file `<number>` of the staging folder moves here. */
  move: 3,
  /** The file gets a second name here, from the same path below `base`. */
  link: 4,
} as const;

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
