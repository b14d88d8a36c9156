import { type BerthError, notFound, type Pieces } from '../../core/index.ts';
import {
  compilePathMatch,
  createIgnoreMatcher,
  hasWildcards,
  type IgnoreMatcher,
  parentsSource,
} from '../../dockerfile/index.ts';
import { cleanPath, type FileIndex, segmentsOf } from './file-index.ts';

/** One thing that COPY takes, found. */
export interface Selected {
  /** In the index, links followed; '' is the root. */
  readonly path: string;
  readonly isDirectory: boolean;
  /** Where it goes below the destination: a file's name, '' for a directory's contents. */
  readonly under: string;
  /** With --parents: it stands under its own path wherever the destination is. */
  readonly keepsPath: boolean;
  /** Of a directory: itself alone. */
  readonly shallow: boolean;
}

export interface Selection {
  readonly items: readonly Selected[];
  /** Paths in the index left out, with all below them. */
  readonly skip: ReadonlySet<string>;
}

export interface SelectionRequest {
  readonly patterns: readonly string[];
  /** The patterns are paths, whatever their characters. */
  readonly isLiteral?: boolean;
  readonly excludes: readonly string[];
  readonly parents: boolean;
}

/**
 * Resolves the sources of a COPY in a tree of files: wildcards, links, --parents, --exclude. What
 * has a wildcard may match nothing, but the folder before it must be there. Throws `not-found` in
 * BuildKit's words. In pieces, as there may be a million files.
 */
export function* selecting(index: FileIndex, request: SelectionRequest): Pieces<Selection> {
  const items: Selected[] = [];
  for (const pattern of request.patterns) {
    if (request.isLiteral) items.push(selectPath(index, pattern));
    else {
      const found = request.parents ? selectParents : selectPattern;
      for (const item of yield* found(index, pattern)) items.push(item);
    }
  }
  return yield* withoutExcluded(index, items, request.excludes);
}

/** Takes away what --exclude names, of things found before. */
export function* withoutExcluded(
  index: FileIndex,
  items: readonly Selected[],
  excludes: readonly string[],
): Pieces<Selection> {
  if (excludes.length === 0) return { items, skip: new Set() };
  return yield* excluded(index, items, createIgnoreMatcher(excludes));
}

/** Details of the error about a source that is not there. */
export interface MissingSourceDetails {
  readonly path: string;
  /** It was looked for in the context, where an ignore file may have left it out. */
  readonly inContext?: boolean;
}

/** What BuildKit says of a source that is not there. */
export function missingSource(path: string): BerthError {
  const clean = cleanPath(path);
  return notFound(`failed to compute cache key: ${JSON.stringify(`/${clean}`)}: not found`, {
    code: 'SOURCE_MISSING',
    details: { path: clean } satisfies MissingSourceDetails,
  });
}

function selectPath(index: FileIndex, written: string): Selected {
  const path = cleanPath(written);
  const found = index.resolve(path);
  if (found === undefined) throw missingSource(path);
  return selected(index, found, path);
}

function* selectPattern(index: FileIndex, pattern: string): Pieces<Selected[]> {
  if (!hasWildcards(pattern)) return [selectPath(index, pattern)];
  const items: Selected[] = [];
  for (const path of yield* matchingPaths(index, cleanPath(pattern))) {
    yield;
    const found = index.resolve(path);
    // A link that leads nowhere was meant, too.
    items.push(selected(index, found ?? missing(path), path));
  }
  return items;
}

function selected(index: FileIndex, path: string, written: string): Selected {
  const isDirectory = index.entry(path)!.type === 'directory';
  const under = isDirectory ? '' : written.slice(written.lastIndexOf('/') + 1);
  return { path, isDirectory, under, keepsPath: false, shallow: false };
}

/** A `\` makes the next character an ordinary one behind the first wildcard of a path, as BuildKit has it. */
export function unescaped(path: string): string {
  return path.replace(/\\(.)/gs, '$1');
}

/** Paths that match a pattern, part by part; links are followed before its first wildcard alone. */
function* matchingPaths(index: FileIndex, pattern: string): Pieces<string[]> {
  const segments = segmentsOf(pattern);
  const wildAt = segments.findIndex(hasWildcards);
  const base = segments.slice(0, wildAt).join('/');
  let found = [index.resolve(base) ?? missing(base)];
  for (const segment of segments.slice(wildAt)) {
    const { matches } = compilePathMatch(segment);
    const folders = found;
    found = [];
    for (const folder of folders) {
      if (index.entry(folder)?.type === 'symlink') continue;
      for (const path of index.children(folder)) {
        yield;
        if (matches(nameOf(path))) found.push(path);
      }
    }
  }
  return found;
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What `--parents` matches, and each folder above it as far as the pivot. */
function* selectParents(index: FileIndex, source: string): Pieces<Selected[]> {
  const { root, pattern, mustExist } = parentsSource(source);
  const roots = hasWildcards(root)
    ? yield* matchingPaths(index, cleanPath(root))
    : [index.resolve(cleanPath(root)) ?? missing(source)];
  const all: Selected[] = [];
  for (const folder of roots) {
    const real = index.resolve(folder) ?? missing(folder);
    const items = yield* parentsBelow(index, real, pattern);
    if (items.length === 0 && mustExist) throw missingSource(source);
    for (const item of items) all.push(item);
  }
  return all;
}

function missing(path: string): never {
  throw missingSource(path);
}

/** What a pattern of --parents matches below a folder. */
export function* parentsBelow(index: FileIndex, root: string, pattern: string): Pieces<Selected[]> {
  const prefix = root === '' ? '' : `${root}/`;
  const item = (path: string, shallow: boolean): Selected => ({
    path,
    isDirectory: index.entry(path)!.type === 'directory',
    under: path.slice(prefix.length),
    keepsPath: true,
    shallow,
  });
  if (pattern === '') return [item(root, false)];
  const matcher = createIgnoreMatcher([pattern]);
  const items: Selected[] = [];
  const made = new Set<string>();
  const whole = new Set<string>();
  const { start, end } = rangeToLook(index, root, pattern);
  for (let at = start; at < end; at++) {
    yield;
    const path = index.paths[at]!;
    if (!matcher.ignores(path.slice(prefix.length))) continue;
    const folders = foldersBetween(path, prefix);
    // All below a directory that matches comes with it.
    if (folders.some((folder) => whole.has(folder))) continue;
    for (const folder of folders) {
      if (made.has(folder)) continue;
      made.add(folder);
      items.push(item(folder, true));
    }
    items.push(item(path, false));
    if (index.entry(path)!.type === 'directory') whole.add(path);
  }
  return items;
}

/** Bounds of the paths that can match, by the part of the pattern before its first wildcard. */
function rangeToLook(index: FileIndex, root: string, pattern: string) {
  const literal: string[] = [];
  for (const segment of segmentsOf(pattern)) {
    if (hasWildcards(segment)) break;
    literal.push(unescaped(segment));
  }
  if (literal.length === segmentsOf(pattern).length) literal.pop();
  return index.below(joined(root, literal.join('/')).replace(/\/$/, ''));
}

function foldersBetween(path: string, prefix: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf('/', prefix.length); at >= 0; at = path.indexOf('/', at + 1)) {
    folders.push(path.slice(0, at));
  }
  return folders;
}

/** Patterns are seen from each copied directory; a file copied by itself is known by its name. */
function* excluded(
  index: FileIndex,
  items: readonly Selected[],
  matcher: IgnoreMatcher,
): Pieces<Selection> {
  const skip = new Set<string>();
  const kept: Selected[] = [];
  for (const item of items) {
    yield;
    if (isExcluded(item, matcher)) continue;
    if (item.isDirectory && !item.shallow) yield* skipBelowItem(index, item, { matcher, skip });
    kept.push(item);
  }
  return { items: kept, skip };
}

function isExcluded({ keepsPath, isDirectory, under }: Selected, matcher: IgnoreMatcher): boolean {
  if (isDirectory && (!keepsPath || matcher.hasNegations)) return false;
  return matcher.ignores(under);
}

function* skipBelowItem(
  index: FileIndex,
  item: Selected,
  { matcher, skip }: { matcher: IgnoreMatcher; skip: Set<string> },
): Pieces<void> {
  const cut = item.path === '' ? 0 : item.path.length + 1;
  const prefix = item.keepsPath && item.under !== '' ? `${item.under}/` : '';
  const { start, end } = index.below(item.path);
  const ignored = (path: string) => matcher.ignores(prefix + path.slice(cut));
  for (let at = end - 1; at >= start; at--) {
    yield;
    const path = index.paths[at]!;
    if (!ignored(path)) continue;
    // From the end: what is below a directory has been judged before it.
    if (index.entry(path)!.type === 'directory' && keepsSomething(index, path, skip)) continue;
    skip.add(path);
  }
}

function keepsSomething(index: FileIndex, folder: string, skip: ReadonlySet<string>): boolean {
  for (const child of index.children(folder)) if (!skip.has(child)) return true;
  return false;
}

/** A path in an index, and what it counts as: a file found through a link goes by the link's name. */
export type NamedPath = readonly [path: string, name: string];

/** The paths a selection takes, for digesting it: each item and, of a directory, all below it. */
export function* selectedPaths(index: FileIndex, { items, skip }: Selection): Iterable<NamedPath> {
  for (const item of items) {
    if (!skip.has(item.path)) yield [item.path, nameOfItem(item)];
    if (!item.isDirectory || item.shallow) continue;
    const { start, end } = index.below(item.path);
    for (let at = start; at < end; at++) {
      const path = index.paths[at]!;
      if (skip.size > 0 && isSkipped(path, skip)) continue;
      yield [path, path];
    }
  }
}

function nameOfItem({ path, isDirectory, keepsPath, under }: Selected): string {
  if (isDirectory || keepsPath || path === '') return path;
  return joined(path.slice(0, Math.max(path.lastIndexOf('/'), 0)), under);
}

function isSkipped(path: string, skip: ReadonlySet<string>): boolean {
  if (skip.has(path)) return true;
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    if (skip.has(path.slice(0, at))) return true;
  }
  return false;
}
