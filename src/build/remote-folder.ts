import type { FileType } from '../core/index.ts';
/**
 * A folder at the client's. Of one that was sent before, only what changed since crosses the
 * connection. Implemented over BuildKit's session protocol (fsutil's DiffCopy).
 */
export interface RemoteFolder {
  /**
   * Builds that give the same key mean the same folder; text of the client's, without limits. Without
   * one, nothing is kept for the builds after this.
   */
  readonly key: string | undefined;
  /** Begins one exchange. Several may run at once, each with a choice of its own. */
  open(choice: RemoteChoice, signal: AbortSignal): Promise<RemoteFiles>;
}

/** Which files of a remote folder are wanted. */
export interface RemoteChoice {
  /** Patterns as in `.dockerignore`, negations among them; these are left out. */
  readonly exclude: readonly string[];
  /** Only these paths and, where they are links, what they lead to; all when absent. */
  readonly only?: readonly string[];
}

/** One exchange with a remote folder; dispose ends it, however far it is. All of it is hostile. */
export interface RemoteFiles extends AsyncDisposable {
  /** Batches of entries, sorted, each directory before what is in it. Can be read once. */
  readonly entries: AsyncIterable<readonly RemoteEntry[]>;
  /**
   * Contents of listed files, in batches of pieces: those of one file come in order, files may be
   * mixed, a file ends with a piece that says so. Can be asked before the listing has ended.
   */
  read(paths: readonly string[]): AsyncIterable<readonly FilePiece[]>;
}

/** Something in a remote folder, as its lstat is there. */
export interface RemoteEntry {
  /** Slash-separated, relative to the folder. */
  readonly path: string;
  readonly type: FileType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Of a symlink, as it is; of a file, the path of an earlier entry that is the same file. */
  readonly linkTarget: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: Readonly<Record<string, Uint8Array>>;
}

export interface FilePiece {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}
