/** Headers of a call; a name may stand for several values. Names are lower case. */
export type Metadata = Readonly<Record<string, readonly string[]>>;

/** Node's raw header list, name and value in turn: only it keeps values apart that hold commas. */
export function metadataOf(rawHeaders: readonly string[]): Metadata {
  const metadata: Record<string, string[]> = Object.create(null);
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    metadata[name] ??= [];
    metadata[name].push(rawHeaders[at + 1]!);
  }
  return metadata;
}
