const archive =
  /\.(?:tar|gz|bz2|xz|lzma|lz|Z|tar\.(?:gz|bz2|xz|lzma|Z|lz)|tgz|tbz|tbz2|tb2|tlz|tpz|txz|tZ)$/;

/** Whether ADD would unpack a local file of this name. */
export function isArchive(name: string): boolean {
  return archive.test(name);
}
