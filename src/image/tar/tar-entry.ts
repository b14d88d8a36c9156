/** One member of a tar archive (POSIX pax, GNU long names and sparse files read). */
export interface TarEntry {
  /** As written in the archive: not yet cleaned, hostile. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  /** Bytes of content that follow; 0 for all but files. */
  readonly sizeBytes: number;
  /** Seconds since the epoch, with fraction when pax gives one. */
  readonly mtimeS: number;
  /** Target of a symlink or hardlink, else ''. */
  readonly linkTarget: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by full name (`security.capability`), from pax `SCHILY.xattr.` records. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

export type TarEntryType =
  | 'file'
  | 'hardlink'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'directory'
  | 'fifo';
