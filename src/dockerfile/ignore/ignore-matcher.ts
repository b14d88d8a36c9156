import { invalid } from '../../core/index.ts';
import { cleanPath } from './clean-path.ts';
import { checkGlob, compileGlob } from './glob.ts';

/** Tells which paths of a context are left out. Paths are relative, with slashes, and clean. */
export interface IgnoreMatcher {
  /** Whether any pattern begins with `!`. */
  readonly hasNegations: boolean;
  /** The patterns in force, cleaned, `!` kept. */
  readonly patterns: readonly string[];
  /** Whether the path, or a folder above it, is ignored; the last pattern that matches decides. */
  ignores(path: string): boolean;
  /** Starts a walk at the root of the context. */
  walk(): IgnoreWalk;
}

/** A folder during a walk from the top, which remembers what matched on the way there. */
export interface IgnoreWalk {
  /** Judges an entry of this folder by its whole path. */
  entry(path: string): IgnoreVerdict;
}

export interface IgnoreVerdict {
  readonly ignored: boolean;
  /** For a folder: ignored, and no pattern can bring back anything below it. */
  readonly prune: boolean;
  /** For a folder: goes on inside it. */
  enter(): IgnoreWalk;
}

interface Pattern {
  readonly text: string;
  readonly isNegated: boolean;
  matches(path: string): boolean;
  canMatchBelow(folder: string): boolean;
}

/**
 * Compiles patterns as `parseIgnoreFile` gives them, or as written to `--exclude`. Throws `invalid`
 * for a pattern that Go's `filepath.Match` refuses.
 */
export function createIgnoreMatcher(patterns: Iterable<string>): IgnoreMatcher {
  const compiled: Pattern[] = [];
  for (const written of patterns) {
    const trimmed = written.trim();
    if (trimmed !== '') compiled.push(compile(cleanPath(trimmed)));
  }
  return {
    hasNegations: compiled.some(({ isNegated }) => isNegated),
    patterns: compiled.map(({ text, isNegated }) => (isNegated ? `!${text}` : text)),
    ignores: (path) => ignores(compiled, path),
    walk: () => folder(compiled, undefined),
  };
}

function compile(cleaned: string): Pattern {
  const isNegated = cleaned.startsWith('!');
  const text = isNegated ? cleaned.slice(1) : cleaned;
  if (text === '') throw invalid('illegal exclusion pattern: "!"');
  checkGlob(text);
  return { text, isNegated, ...matching(text) };
}

/** The three shapes that most patterns have are compared as text. */
function matching(text: string): Pick<Pattern, 'matches' | 'canMatchBelow'> {
  const hasWildcards = (part: string) => /[*?[\]\\]/.test(part);
  if (!hasWildcards(text)) {
    return {
      matches: (path) => path === text,
      canMatchBelow: (folderPath) => text.startsWith(`${folderPath}/`),
    };
  }
  const start = text.slice(0, -2);
  if (text.endsWith('**') && !hasWildcards(start)) {
    return {
      matches: (path) => path.startsWith(start),
      canMatchBelow: (path) => start.startsWith(`${path}/`) || `${path}/`.startsWith(start),
    };
  }
  const end = text.slice(2);
  if (text.startsWith('**') && !hasWildcards(end)) {
    return {
      matches: (path) => path.endsWith(end) || (end.startsWith('/') && path === end.slice(1)),
      canMatchBelow: () => true,
    };
  }
  const glob = compileGlob(text, { globstar: true });
  return {
    matches: glob.matches,
    canMatchBelow: (path) => glob.canMatchBelow(`${path}/`),
  };
}

/** The folders above a path, the nearest last. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    folders.push(path.slice(0, at));
  }
  return folders;
}

function ignores(patterns: readonly Pattern[], path: string): boolean {
  const folders = foldersAbove(path);
  let ignored = false;
  for (const pattern of patterns) {
    // A pattern that would change nothing need not be asked.
    if (pattern.isNegated !== ignored) continue;
    if (pattern.matches(path) || folders.some(pattern.matches)) ignored = !pattern.isNegated;
  }
  return ignored;
}

/** `above` says of each pattern whether it matched a folder on the way; undefined at the root. */
function folder(patterns: readonly Pattern[], above: Uint8Array | undefined): IgnoreWalk {
  return {
    entry(path) {
      const matched = new Uint8Array(patterns.length);
      let ignored = false;
      let decidedBy = -1;
      for (const [index, pattern] of patterns.entries()) {
        const inherited = above?.[index] === 1;
        if (!inherited && (pattern.isNegated !== ignored || !pattern.matches(path))) continue;
        matched[index] = 1;
        ignored = !pattern.isNegated;
        decidedBy = index;
      }
      return {
        ignored,
        get prune() {
          return ignored && !canReturnBelow(patterns, decidedBy, path);
        },
        enter: () => folder(patterns, matched),
      };
    },
  };
}

/** Only a negation after the pattern that decided can bring back what is below. */
function canReturnBelow(patterns: readonly Pattern[], decidedBy: number, path: string): boolean {
  return patterns.some(
    (pattern, index) => index > decidedBy && pattern.isNegated && pattern.canMatchBelow(path),
  );
}
