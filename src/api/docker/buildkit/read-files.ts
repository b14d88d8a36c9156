import { posix } from 'node:path';
import type { RemoteEntry, RemoteFolder } from '../../../build/index.ts';
import { invalid } from '../../../core/index.ts';

const largestBytes = 8 * 2 ** 20;
const mostEntries = 1000;
const mostLinks = 40;

/** Small files of a client's folder, links followed within it; what is not there is left out. */
export async function readFiles(
  folder: RemoteFolder,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  await using files = await folder.open({ exclude: [], only: paths }, signal);
  const entries = new Map<string, RemoteEntry>();
  for await (const batch of files.entries) {
    for (const entry of batch) entries.set(entry.path, entry);
    if (entries.size > mostEntries) throw invalid('read folder: more was sent than asked for');
  }
  const wanted = new Map<string, string>();
  for (const path of paths) {
    const found = resolveLinks(entries, path);
    if (found) wanted.set(path, found.path);
    if (found && found.sizeBytes > largestBytes) {
      throw invalid(`read ${path}: ${found.sizeBytes} bytes are more than is allowed`);
    }
  }
  const pieces = new Map<string, Uint8Array[]>();
  for await (const batch of files.read([...new Set(wanted.values())])) {
    for (const { path, bytes } of batch) {
      const known = pieces.get(path) ?? [];
      known.push(Buffer.from(bytes));
      pieces.set(path, known);
    }
  }
  return new Map([...wanted].map(([path, at]) => [path, Buffer.concat(pieces.get(at) ?? [])]));
}

/** The file a path leads to, the folder being the root. */
function resolveLinks(
  entries: ReadonlyMap<string, RemoteEntry>,
  path: string,
): RemoteEntry | undefined {
  let names = namesOf(path);
  let at = '';
  for (let links = 0; names.length > 0; ) {
    const [name, ...rest] = names;
    const here = at === '' ? name! : `${at}/${name}`;
    const entry = entries.get(here);
    if (!entry) return undefined;
    if (entry.type === 'symlink') {
      if (++links > mostLinks) return undefined;
      names = namesOf(posix.join('/', at, '.'), entry.linkTarget, rest.join('/'));
      at = '';
    } else if (rest.length === 0) return entry.type === 'file' ? entry : undefined;
    else {
      at = here;
      names = rest;
    }
  }
  return undefined;
}

function namesOf(...parts: string[]): string[] {
  return posix
    .resolve('/', ...parts.filter(Boolean))
    .split('/')
    .filter(Boolean);
}
