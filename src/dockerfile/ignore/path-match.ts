import { cleanPath } from './clean-path.ts';
import { compileGlob, type Glob } from './glob.ts';

/**
 * A source of COPY or ADD with wildcards, as Go's `filepath.Match` reads it: `*`, `?` and classes,
 * none of which but a class crosses a slash, `\` before a character meant as itself. Throws
 * `invalid` for a bad pattern.
 */
export function compilePathMatch(pattern: string): Pick<Glob, 'matches'> {
  return compileGlob(pattern);
}

/** Whether the path has a wildcard that no `\` makes an ordinary character. */
export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./gs, ''));
}

/** What `COPY --parents` makes of a source. */
export interface ParentsSource {
  /** The folder that stands for the destination: the source up to `/./`, or the root. */
  readonly root: string;
  /** The path below it, which is kept in the destination; may have wildcards, `**` among them. */
  readonly pattern: string;
  /** Without any wildcard the path must exist. */
  readonly mustExist: boolean;
}

/** Splits a source of `COPY --parents` at its pivot `/./`. */
export function parentsSource(source: string): ParentsSource {
  const pivot = source.indexOf('/./');
  const root = pivot < 0 ? '/' : source.slice(0, pivot);
  const pattern = cleanPath(`/${pivot < 0 ? source : source.slice(pivot + 3)}`).slice(1);
  return {
    root: cleanPath(`/${root}`),
    pattern,
    mustExist: !hasWildcards(root) && !hasWildcards(pattern),
  };
}
