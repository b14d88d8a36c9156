import { atOnce, type FileEntry, type FileTree, invalid, type Pieces } from '../../core/index.ts';

/** A FileTree that can be asked for what lies below a path without going through all of it. */
export interface FileIndex {
  readonly tree: FileTree;
  /** All paths in code-unit order. */
  readonly paths: readonly string[];
  /** Paths of the tree that were not kept, those below one of them left away. */
  readonly leftOut: ReadonlySet<string>;
  /** The entry at a path; '' is the root, a directory. */
  entry(path: string): FileEntry | undefined;
  /** Bounds in `paths` of what lies below a directory, itself left out. */
  below(directory: string): { start: number; end: number };
  /** Paths of a directory's own entries. */
  children(directory: string): Iterable<string>;
  /**
   * Where a path leads when links in it are followed, those that point outside taken as if the tree
   * were the whole file system; undefined when nothing is there. Throws `invalid` on a link cycle.
   */
  resolve(path: string): string | undefined;
}

const rootEntry: FileEntry = {
  type: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeMs: 0,
  linkTarget: '',
};

const mostLinks = 255;
const slash = 0x2f;

export interface IndexOptions {
  /** Leaves entries out (ignore rules). */
  readonly keep?: (path: string) => boolean;
  /** The root counts as a plain directory, whatever the tree says: a context's own means nothing. */
  readonly plainRoot?: boolean;
}

export function fileIndex(tree: FileTree, options?: IndexOptions): FileIndex {
  return atOnce(indexing(tree, options));
}

/** As `fileIndex`, in pieces: there may be a million files. */
export function* indexing(tree: FileTree, options: IndexOptions = {}): Pieces<FileIndex> {
  const { keep, plainRoot = false } = options;
  const paths: string[] = [];
  const leftOut = new Set<string>();
  const kept = keep && new Set<string>();
  let sorted = true;
  for (const path of tree.entries.keys()) {
    yield;
    if (path === '') continue;
    if (keep && !keep(path)) {
      const folder = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
      if (folder === '' || keep(folder)) leftOut.add(path);
      continue;
    }
    if (paths.length > 0 && path < paths[paths.length - 1]!) sorted = false;
    paths.push(path);
    kept?.add(path);
  }
  if (!sorted) paths.sort();

  const entry = (path: string): FileEntry | undefined => {
    if (path === '') return (!plainRoot && tree.entries.get('')) || rootEntry;
    return kept && !kept.has(path) ? undefined : tree.entries.get(path);
  };
  const below = (directory: string) =>
    directory === ''
      ? { start: 0, end: paths.length }
      : { start: lowerBound(paths, `${directory}/`), end: lowerBound(paths, `${directory}0`) };
  function* children(directory: string): Iterable<string> {
    const prefixLength = directory === '' ? 0 : directory.length + 1;
    const { start, end } = below(directory);
    for (let at = start; at < end; ) {
      const path = paths[at]!;
      const cut = path.indexOf('/', prefixLength);
      if (cut < 0) yield path;
      at++;
      if (cut >= 0) at = lowerBound(paths, `${path.slice(0, cut)}0`, at);
      else if (paths[at]?.charCodeAt(path.length) === slash && paths[at]!.startsWith(path)) {
        at = lowerBound(paths, `${path}0`, at);
      }
    }
  }
  return { tree, paths, leftOut, entry, below, children, resolve: (path) => resolve(entry, path) };
}

/** First index from `from` on whose path is not before `path`. */
function lowerBound(paths: readonly string[], path: string, from = 0): number {
  let low = from;
  let high = paths.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (paths[middle]! < path) low = middle + 1;
    else high = middle;
  }
  return low;
}

function resolve(entry: (path: string) => FileEntry | undefined, path: string): string | undefined {
  // What is there under its own path has no link above it.
  const itself = entry(path);
  if (itself && itself.type !== 'symlink') return path;
  const pending = segmentsOf(path).reverse();
  const at: string[] = [];
  let links = 0;
  while (pending.length > 0) {
    const segment = pending.pop()!;
    if (segment === '..') {
      at.pop();
      continue;
    }
    at.push(segment);
    const found = entry(at.join('/'));
    if (!found) return undefined;
    if (found.type === 'symlink') {
      if (++links > mostLinks) throw invalid(`resolve ${JSON.stringify(path)}: too many links`);
      at.pop();
      if (found.linkTarget.startsWith('/')) at.length = 0;
      pending.push(...segmentsOf(found.linkTarget).reverse());
    } else if (found.type !== 'directory' && pending.length > 0) return undefined;
  }
  return at.join('/');
}

/** The parts of a path, empty ones and `.` left out. */
export function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '' && segment !== '.');
}

/** Slash-separated, without `.`, `..` or slashes at either end; `..` stops at the root. */
export function cleanPath(path: string): string {
  const out: string[] = [];
  for (const segment of segmentsOf(path)) {
    if (segment === '..') out.pop();
    else out.push(segment);
  }
  return out.join('/');
}
