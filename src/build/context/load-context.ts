import { chmodSync, createWriteStream, readFileSync } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type ByteStream,
  type FileTree,
  inTurns,
  internal,
  invalid,
  notFound,
} from '../../core/index.ts';
import type { BuildContext } from '../builder.ts';
import type { Fetcher, RemoteAccess, Trees, UnpackLimits } from '../ports.ts';
import type { Archives } from './archive-kind.ts';
import { cleanPath, type FileIndex, indexing } from './file-index.ts';
import { parseGitAddress, withoutLogins } from './git-address.ts';

/** Bounds for contexts, against archives made to fill the disk. */
export const defaultContextLimits: UnpackLimits = { entries: 5_000_000, bytes: 200 * 2 ** 30 };

const largestDockerfileBytes = 8 * 2 ** 20;

export interface LoadOptions {
  /** An empty folder of the build's own. */
  readonly folder: string;
  readonly trees: Trees;
  readonly fetcher: Fetcher;
  /** What the client lends for fetching. */
  readonly access: RemoteAccess;
  readonly archives: Archives;
  readonly limits: UnpackLimits;
  /** Keep `.git` of a git context. */
  readonly keepGitDir: boolean;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** A context on disk. */
export interface LoadedContext {
  /** All of it, whatever the ignore rules say. */
  readonly all: FileIndex;
  /** An address that led to a Dockerfile and not to an archive. */
  readonly dockerfile: string | undefined;
}

/** A context that is all there is of it; a client's folder is asked for what is needed. */
export type WholeContext = Exclude<BuildContext, { kind: 'folder' }>;

/** Brings a context to the disk. Throws `invalid`, `not-found`, `unavailable`. */
export async function loadContext(
  context: WholeContext,
  options: LoadOptions,
): Promise<LoadedContext> {
  switch (context.kind) {
    case 'none':
      return loaded({ rootPath: options.folder, entries: new Map() });
    case 'tar':
      return loaded(await unpack(context.stream, options));
    case 'remote':
      return parseGitAddress(context.url)
        ? loadGit(context.url, options)
        : loadHttp(context.url, options);
  }
}

async function loaded(tree: FileTree, dockerfile?: string): Promise<LoadedContext> {
  return { all: await inTurns(indexing(tree, { plainRoot: true })), dockerfile };
}

async function unpack(stream: ByteStream, options: LoadOptions): Promise<FileTree> {
  const { trees, folder, signal, limits } = options;
  const tree = await trees.unpack(counted(stream, options.onProgress), folder, signal, limits);
  // What the archive says of its root means nothing: a COPY of it makes a plain directory.
  chmodSync(folder, 0o755);
  return tree;
}

async function* counted(stream: ByteStream, onProgress: (bytes: number) => void): ByteStream {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    onProgress(bytes);
    yield chunk;
  }
}

async function loadGit(url: string, options: LoadOptions): Promise<LoadedContext> {
  const { fetcher, access, trees, signal } = options;
  const directory = join(options.folder, 'repository');
  await mkdir(directory);
  const keepGitDir = parseGitAddress(url)!.keepGitDir ?? options.keepGitDir;
  await fetcher.git(url, { directory, keepGitDir, access, signal });
  return loaded(await trees.scan(directory, '/', signal));
}

async function loadHttp(url: string, options: LoadOptions): Promise<LoadedContext> {
  if (!/^https?:\/\//.test(url)) {
    throw invalid(
      `build context ${JSON.stringify(withoutLogins(url))}: not an address of git, http or https`,
    );
  }
  const { fetcher, access, signal, limits } = options;
  const answer = await fetcher.http(url, { access, signal });
  const shown = withoutLogins(url);
  if (answer.kind === 'unchanged') throw internal(`fetch ${shown}: no content`);
  const download = join(options.folder, 'download');
  const bytes = bounded(counted(answer.content, options.onProgress), limits.bytes, shown);
  await pipeline(Readable.from(bytes), createWriteStream(download, { mode: 0o600 }), { signal });
  if (!(await options.archives.isTar(download, signal))) {
    const { size } = await stat(download);
    if (size > largestDockerfileBytes) throw tooLarge(shown, size);
    const text = await readFile(download);
    return loaded({ rootPath: options.folder, entries: new Map() }, text.toString());
  }
  const folder = join(options.folder, 'files');
  await mkdir(folder);
  return loaded(
    await options.trees.unpack(
      await options.archives.open(download, signal),
      folder,
      signal,
      limits,
    ),
  );
}

async function* bounded(stream: ByteStream, limitBytes: number, what: string): ByteStream {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw tooLarge(what, bytes);
    yield chunk;
  }
}

function tooLarge(what: string, bytes: number) {
  return invalid(`read ${what}: ${bytes} bytes are more than is allowed`, { code: 'SIZE_INVALID' });
}

/** The text of a Dockerfile in a context. Throws `not-found` in BuildKit's words. */
export async function readDockerfile(context: LoadedContext, path: string): Promise<Uint8Array> {
  const clean = cleanPath(path);
  const found =
    context.all.resolve(clean) ??
    (clean === 'Dockerfile' ? context.all.resolve('dockerfile') : undefined);
  if (found === undefined || context.all.entry(found)?.type !== 'file') {
    throw notFound(`failed to read dockerfile: open ${clean}: no such file or directory`, {
      details: { classicMessage: `Cannot locate specified Dockerfile: ${clean}` },
    });
  }
  return readSmallFile(context, found);
}

/** Content of a file that an index found; of bounded size. */
export async function readSmallFile({ all }: LoadedContext, path: string): Promise<Uint8Array> {
  const { sizeBytes } = all.entry(path)!;
  if (sizeBytes > largestDockerfileBytes) throw tooLarge(path, sizeBytes);
  // The path was resolved in the index: none of its parts is a link. Small: read in place.
  return readFileSync(join(all.tree.rootPath, path));
}
