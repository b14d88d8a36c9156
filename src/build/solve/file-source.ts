import { posix } from 'node:path';
import {
  BerthError,
  type Digest,
  digestOf,
  type FileTree,
  inTurns,
  notFound,
} from '../../core/index.ts';
import { compilePathMatch, hasWildcards, parentsSource } from '../../dockerfile/index.ts';
import { contentDigest } from '../context/content-digest.ts';
import { cleanPath, type FileIndex, indexing, segmentsOf } from '../context/file-index.ts';
import {
  type MissingSourceDetails,
  missingSource,
  parentsBelow,
  type Selected,
  type Selection,
  type SelectionRequest,
  selectedPaths,
  selecting,
  unescaped,
  withoutExcluded,
} from '../context/selection.ts';
import type { RootFiles, Trees } from '../ports.ts';
import type { Owner } from './users.ts';

/** Files that COPY and mounts take from: a context, a stage's result, an image. */
export interface FileSource {
  /** Names its content where that is known without looking; undefined for a context. */
  readonly identity: string | undefined;
  /** Whose the copied files become unless --chown says otherwise; undefined keeps their owners. */
  readonly owner: Owner | undefined;
  /** The files are ours alone and never change: they may be linked instead of copied. */
  readonly mayLink: boolean;
  /** Throws `not-found` in BuildKit's words. */
  select(request: SelectionRequest, signal: AbortSignal): Promise<SourceFiles>;
}

/** What was selected: where it stands and what it is. */
export interface SourceFiles {
  readonly parts: readonly SourcePart[];
  readonly digest: Digest;
  readonly listing: string | undefined;
}

export interface SourcePart {
  /** Where the index's root stands on disk. */
  readonly rootPath: string;
  /** And where in its source. */
  readonly prefix: string;
  readonly index: FileIndex;
  readonly selection: Selection;
}

const contextOwner: Owner = { uid: 0, gid: 0 };

/**
 * A context whose files were all listed and digested when it was unpacked. `ignored` says what file
 * left a path out, for the error about it.
 */
export function contextSource(
  index: FileIndex,
  ignored: (path: string) => string | undefined = () => undefined,
): FileSource {
  const known = new Map<string, Promise<SourceFiles>>();
  const find = async (request: SelectionRequest): Promise<SourceFiles> => {
    const { rootPath } = index.tree;
    const selection = await selectIn(index, request, ignored);
    const part = { rootPath, prefix: '', index, selection };
    return { parts: [part], ...(await partDigest(part, contextOwner)) };
  };
  return {
    identity: undefined,
    owner: contextOwner,
    mayLink: true,
    select(request) {
      const name = JSON.stringify(request);
      const found = known.get(name) ?? find(request);
      known.set(name, found);
      return found;
    },
  };
}

async function selectIn(
  index: FileIndex,
  request: SelectionRequest,
  ignored: (path: string) => string | undefined,
): Promise<Selection> {
  try {
    return await inTurns(selecting(index, request));
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== 'SOURCE_MISSING') throw error;
    const { path } = error.details as MissingSourceDetails;
    const file = ignored(path);
    throw notFound(error.message + (file === undefined ? '' : ` (excluded by ${file})`), {
      code: error.code,
      details: { path, inContext: true } satisfies MissingSourceDetails,
    });
  }
}

function partDigest({ index, selection, prefix }: SourcePart, owner: Owner | undefined) {
  return contentDigest(index, selectedPaths(index, selection), { owner, prefix });
}

/** A mounted stack, of which only what is asked for is listed and digested. */
export function viewSource(options: {
  identity: string;
  /** Mounts it when first asked. */
  rootPath: () => Promise<string>;
  trees: Trees;
  rootFiles: RootFiles;
}): FileSource {
  const { identity } = options;
  return {
    identity,
    owner: undefined,
    mayLink: false,
    async select(request, signal) {
      const view = { ...options, rootPath: await options.rootPath(), signal };
      const parts: SourcePart[] = [];
      for (const pattern of request.patterns) {
        parts.push(
          ...(request.parents
            ? await parentsParts(view, pattern, request)
            : await patternParts(view, pattern, request)),
        );
      }
      const digests = [];
      for (const part of parts) digests.push(await partDigest(part, undefined));
      const [only] = digests;
      if (only && digests.length === 1) return { parts, ...only };
      const listings = digests.map(({ listing }) => listing);
      const digest = digestOf(digests.map((part) => part.digest).join('\n'));
      return {
        parts,
        digest,
        listing: listings.includes(undefined) ? undefined : listings.join(''),
      };
    },
  };
}

interface View {
  readonly rootPath: string;
  readonly trees: Trees;
  readonly rootFiles: RootFiles;
  readonly signal: AbortSignal;
}

async function patternParts(
  view: View,
  pattern: string,
  { excludes, isLiteral = false }: SelectionRequest,
): Promise<SourcePart[]> {
  const path = cleanPath(pattern);
  const wild = !isLiteral && hasWildcards(path);
  const paths = wild ? await matchingPaths(view, path) : [path];
  const parts: SourcePart[] = [];
  for (const found of paths) {
    const tree = await scan(view, found);
    if (tree) parts.push(await wholePart(tree, found, excludes));
    // What a listing named is there, or a link that leads nowhere.
    else throw missingSource(found);
  }
  return parts;
}

async function scan(
  { trees, rootPath, signal }: View,
  path: string,
): Promise<FileTree | undefined> {
  try {
    return await trees.scan(rootPath, `/${path}`, signal);
  } catch (error) {
    if (error instanceof BerthError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

async function wholePart(
  tree: FileTree,
  written: string,
  excludes: readonly string[],
): Promise<SourcePart> {
  const index = await inTurns(indexing(tree));
  const isDirectory = index.entry('')!.type === 'directory';
  const item: Selected = {
    path: '',
    isDirectory,
    under: isDirectory ? '' : posix.basename(written),
    keepsPath: false,
    shallow: false,
  };
  const selection = await inTurns(withoutExcluded(index, [item], excludes));
  return { rootPath: tree.rootPath, prefix: written, index, selection };
}

/** Links are followed before the first wildcard alone. */
async function matchingPaths({ rootFiles, rootPath }: View, pattern: string): Promise<string[]> {
  const segments = segmentsOf(pattern);
  const wildAt = segments.findIndex(hasWildcards);
  let found = [segments.slice(0, wildAt).join('/')];
  for (const [at, segment] of segments.slice(wildAt).entries()) {
    const matcher = compilePathMatch(segment);
    const next: string[] = [];
    for (const folder of found) {
      const names = await rootFiles.list(rootPath, `/${folder}`, { noFollow: at > 0 });
      if (at === 0 && (await rootFiles.kindOf(rootPath, `/${folder}`)) === undefined) {
        throw missingSource(folder);
      }
      const matching = (names ?? []).filter((name) => matcher.matches(name)).sort();
      next.push(...matching.map((name) => posix.join(folder, name)));
    }
    found = next;
  }
  return found;
}

/**
 * `--parents` from a mounted stack: only what lies below the part of the pattern that has no
 * wildcard is looked at; folders above it are made plain.
 */
async function parentsParts(
  view: View,
  source: string,
  { excludes }: SelectionRequest,
): Promise<SourcePart[]> {
  const { root, pattern, mustExist } = parentsSource(source);
  const segments = segmentsOf(pattern);
  const wildAt = segments.findIndex(hasWildcards);
  const literal = (wildAt < 0 ? segments : segments.slice(0, wildAt)).map(unescaped).join('/');
  const rest = wildAt < 0 ? '' : segments.slice(wildAt).join('/');
  const clean = cleanPath(root);
  const roots = hasWildcards(clean) ? await matchingPaths(view, clean) : [clean];
  const parts: SourcePart[] = [];
  for (const folder of roots) {
    const prefix = posix.join(folder, literal);
    const tree = await scan(view, prefix);
    if (!tree) continue;
    const index = await inTurns(indexing(tree));
    const below = await inTurns(parentsBelow(index, '', rest));
    const items = below.map((item) => ({ ...item, under: posix.join(literal, item.under) }));
    const selection = await inTurns(withoutExcluded(index, items, excludes));
    if (items.length > 0) parts.push({ rootPath: tree.rootPath, prefix, index, selection });
  }
  if (parts.length === 0 && mustExist) throw missingSource(source);
  return parts;
}
