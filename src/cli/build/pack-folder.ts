import {
  closeSync,
  type Dirent,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { type ByteStream, invalid } from '../../core/index.ts';
import { createIgnoreMatcher, type IgnoreWalk, parseIgnoreFile } from '../../dockerfile/index.ts';
import { tarHeader, tarPadding, tarTrailer } from '../../image/index.ts';

const chunkBytes = 1 << 20;

/**
 * A folder as a tar, owned by root, without what its ignore file names: that of the Dockerfile
 * (`<name>.dockerignore`) or the folder's own. The Dockerfile and the ignore file are always in it,
 * sockets never. Files that change while they are read are an error.
 */
export async function* packFolder(
  folder: string,
  { dockerfilePath }: { dockerfilePath?: string } = {},
): ByteStream {
  const ignoreFile = ignoreFileOf(folder, dockerfilePath);
  const patterns =
    ignoreFile === undefined ? [] : parseIgnoreFile(readFileSync(ignoreFile, 'utf8'));
  const always = new Set(
    [dockerfilePath, ignoreFile].flatMap((path) => (path ? [relative(folder, path)] : [])),
  );
  const walk = createIgnoreMatcher(patterns).walk();
  let pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const piece of membersBelow(folder, '', walk, always)) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes < chunkBytes) continue;
    yield Buffer.concat(pieces, sizeBytes);
    pieces = [];
    sizeBytes = 0;
  }
  pieces.push(tarTrailer);
  yield Buffer.concat(pieces);
}

function ignoreFileOf(folder: string, dockerfilePath: string | undefined): string | undefined {
  const candidates = [
    ...(dockerfilePath ? [`${dockerfilePath}.dockerignore`] : []),
    join(folder, '.dockerignore'),
  ];
  return candidates.find((path) => existsSync(path));
}

function* membersBelow(
  folder: string,
  below: string,
  walk: IgnoreWalk,
  always: ReadonlySet<string>,
): Generator<Uint8Array> {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const verdict = walk.entry(path);
    const isWanted = !verdict.ignored || always.has(path);
    if (isWanted) yield* member(join(folder, path), path, entry);
    const mayHold = !verdict.prune || [...always].some((wanted) => wanted.startsWith(`${path}/`));
    if (entry.isDirectory() && mayHold) yield* membersBelow(folder, path, verdict.enter(), always);
  }
}

function* member(fullPath: string, path: string, entry: Dirent): Generator<Uint8Array> {
  const stat = lstatSync(fullPath);
  const common = {
    path,
    mode: stat.mode & 0o7777,
    uid: 0,
    gid: 0,
    mtimeS: Math.floor(stat.mtimeMs / 1000),
  };
  if (entry.isDirectory()) yield tarHeader({ ...common, path: `${path}/`, type: 'directory' });
  else if (entry.isSymbolicLink())
    yield tarHeader({ ...common, type: 'symlink', linkTarget: readlinkSync(fullPath) });
  else if (entry.isFIFO()) yield tarHeader({ ...common, type: 'fifo' });
  else if (entry.isFile()) {
    yield tarHeader({ ...common, type: 'file', sizeBytes: stat.size });
    yield* content(fullPath, stat.size);
    yield tarPadding(stat.size);
  }
}

function* content(path: string, sizeBytes: number): Generator<Uint8Array> {
  const fd = openSync(path, 'r');
  try {
    for (let done = 0; done < sizeBytes; ) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes - done));
      const read = readSync(fd, chunk);
      if (read === 0) throw invalid(`pack context: ${path} became shorter while it was read`);
      yield chunk.subarray(0, read);
      done += read;
    }
  } finally {
    closeSync(fd);
  }
}
