import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** The `.gitignore`s that hold in one folder: its own and those above it, within its repository. */
export interface GitIgnore {
  /** Whether git leaves out what stands in the folder under this name. */
  ignores(name: string, isFolder: boolean): boolean;
  /** What holds in a folder below. */
  below(name: string): GitIgnore;
}

interface Pattern {
  readonly isNegated: boolean;
  readonly foldersOnly: boolean;
  /** Between slashes; `**` stands for any number of folders. */
  readonly segments: readonly string[];
}

/** The patterns of one file, and the folder that their paths begin in. */
interface Patterns {
  readonly folder: string;
  readonly patterns: readonly Pattern[];
}

/** A larger file is none that people write. */
const largestBytes = 1024 * 1024;

/** What git ignores in a folder and below it. Outside of repositories too, as far as files say so. */
export function gitIgnoreOf(folder: string): GitIgnore {
  const own = resolve(folder);
  const folders = [own];
  while (!existsSync(join(folders[0]!, '.git'))) {
    const parent = dirname(folders[0]!);
    // In no repository only what stands in the folder itself counts.
    if (parent === folders[0]) return inFolder(own, patternsIn(own, '.gitignore'));
    folders.unshift(parent);
  }
  const root = folders[0]!;
  const files = folders.flatMap((path) => patternsIn(path, '.gitignore'));
  return inFolder(own, [...patternsIn(root, '.git/info/exclude'), ...files]);
}

function inFolder(folder: string, files: readonly Patterns[]): GitIgnore {
  return {
    ignores: (name, isFolder) => {
      const path = join(folder, name);
      // The nearest file decides, and in it the last pattern.
      for (const { folder: from, patterns } of files.toReversed()) {
        const segments = relative(from, path).split('/');
        const last = patterns.findLast(
          (pattern) =>
            (isFolder || !pattern.foldersOnly) && matchesPath(pattern.segments, segments),
        );
        if (last) return !last.isNegated;
      }
      return false;
    },
    below: (name) => {
      const path = join(folder, name);
      return inFolder(path, [...files, ...patternsIn(path, '.gitignore')]);
    },
  };
}

function patternsIn(folder: string, name: string): Patterns[] {
  const path = join(folder, name);
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > largestBytes) return [];
    const patterns = parseGitIgnore(readFileSync(path, 'utf8'));
    return patterns.length === 0 ? [] : [{ folder, patterns }];
  } catch {
    // A file that is not there or not ours to read ignores nothing.
    return [];
  }
}

/** The patterns of a `.gitignore`, see gitignore(5). */
export function parseGitIgnore(text: string): Pattern[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .flatMap((line) => parsePattern(line));
}

function parsePattern(line: string): Pattern[] {
  // A blank at the end counts when it is escaped.
  const written = line.replace(/(?<=(?:^|[^\\])(?:\\\\){0,50})[ \t]{1,1000}$/, '');
  if (written === '' || written.startsWith('#')) return [];
  const isNegated = written.startsWith('!');
  const path = isNegated ? written.slice(1) : written;
  const foldersOnly = path.endsWith('/');
  const inner = path.replace(/^\/|\/$/g, '');
  if (inner === '') return [];
  const isAnchored = path.startsWith('/') || inner.includes('/');
  const segments = inner.split('/');
  return [{ isNegated, foldersOnly, segments: isAnchored ? segments : ['**', ...segments] }];
}

function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  const isAny = (segment: string | undefined) => segment === '**';
  return matchesStarred(pattern, path, {
    isAny,
    // `a/**` is what stands below `a`, not `a` itself.
    isLastAnyEmpty: false,
    matches: (segment, name) => matchesName(segment, name),
  });
}

/** A part of a pattern in one name: a character, a class of them, or any run of characters. */
function matchesName(pattern: string, name: string): boolean {
  const parts = pattern.match(/\\.|\[[!^]?\]?[^\]]*\]|./gs) ?? [];
  return matchesStarred(parts, [...name], {
    isAny: (part) => part === '*' || part === '**',
    isLastAnyEmpty: true,
    matches: (part, character) => {
      if (part === '?') return true;
      if (part.length > 2 && part.startsWith('[')) return matchesClass(part, character);
      return (part.startsWith('\\') ? part.slice(1) : part) === character;
    },
  });
}

function matchesClass(part: string, character: string): boolean {
  const isNegated = part[1] === '!' || part[1] === '^';
  const members = [...part.slice(isNegated ? 2 : 1, -1)];
  let found = false;
  for (let index = 0; index < members.length; index++) {
    const [from, dash, to] = members.slice(index, index + 3);
    if (dash === '-' && to !== undefined) {
      found ||= from! <= character && character <= to;
      index += 2;
    } else found ||= from === character;
  }
  return found !== isNegated;
}

interface Starred {
  isAny(part: string | undefined): boolean;
  readonly isLastAnyEmpty: boolean;
  matches(part: string, item: string): boolean;
}

/** Goes back to the last part that matches any run, and no further: the cost is their product. */
function matchesStarred(
  parts: readonly string[],
  items: readonly string[],
  { isAny, isLastAnyEmpty, matches }: Starred,
): boolean {
  let part = 0;
  let item = 0;
  let star = -1;
  let starItem = 0;
  while (item < items.length) {
    if (isAny(parts[part])) {
      star = part++;
      starItem = item;
    } else if (part < parts.length && matches(parts[part]!, items[item]!)) {
      part++;
      item++;
    } else if (star >= 0) {
      part = star + 1;
      item = ++starItem;
    } else return false;
    // A last `**` needs something to stand for.
    if (!isLastAnyEmpty && star === parts.length - 1) return starItem < items.length;
  }
  while (isLastAnyEmpty && isAny(parts[part])) part++;
  return part === parts.length;
}
