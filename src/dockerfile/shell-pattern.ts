import { invalid } from '../core/index.ts';

/** The wildcard that matches any run of characters but a newline; null stands for it in tokens. */
const star = null;
/** The wildcard that matches one character but a newline. */
const anyOne = Symbol('?');

type Unit = string | typeof anyOne;

/** A pattern of `*`, `?` and literals, cut at its stars: between two segments anything may stand. */
interface ShellPattern {
  readonly segments: readonly (readonly Unit[])[];
}

function parsePattern(pattern: string): ShellPattern {
  const tokens: (Unit | typeof star)[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at]!;
    if (character === '*') tokens.push(star);
    else if (character === '?') tokens.push(anyOne);
    else {
      if (character === '\\') character = escapedCharacter(pattern, characters[++at]);
      tokens.push(character);
    }
  }
  const segments: Unit[][] = [[]];
  for (const token of tokens) {
    if (token === star) segments.push([]);
    else segments.at(-1)!.push(token);
  }
  return { segments };
}

function escapedCharacter(pattern: string, next: string | undefined): string {
  if (next !== undefined && '*?\\}/'.includes(next)) return next;
  throw invalid(
    `invalid pattern (${pattern}) in substitution: invalid escape '\\${next ?? '\ufffd'}'`,
  );
}

type Text = readonly string[];

function segmentMatches(text: Text, at: number, segment: readonly Unit[]): boolean {
  if (at + segment.length > text.length) return false;
  for (let index = 0; index < segment.length; index++) {
    const unit = segment[index]!;
    const character = text[at + index]!;
    if (unit === anyOne ? character === '\n' : unit !== character) return false;
  }
  return true;
}

/** Where the line that holds `at` ends: no wildcard reaches past it. */
function lineEnd(text: Text, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

/**
 * The end of the match that starts at `start`, the longest or the shortest one, or -1. Its cost is
 * the text times the pattern, whatever they are: each segment is laid at the first place it fits.
 */
function matchEnd(text: Text, start: number, { segments }: ShellPattern, longest: boolean): number {
  const [first = [], ...rest] = segments;
  if (!segmentMatches(text, start, first)) return -1;
  let end = start + first.length;
  for (const [index, segment] of rest.entries()) {
    const isLast = index === rest.length - 1;
    const limit = lineEnd(text, end);
    if (isLast && longest) return lastFit(text, { from: end, limit, segment });
    let at = end;
    while (at <= limit && !segmentMatches(text, at, segment)) at++;
    if (at > limit) return -1;
    end = at + segment.length;
  }
  return end;
}

function lastFit(
  text: Text,
  { from, limit, segment }: { from: number; limit: number; segment: readonly Unit[] },
): number {
  for (let at = limit; at >= from; at--) {
    if (segmentMatches(text, at, segment)) return at + segment.length;
  }
  return -1;
}

/** The first match at or after `from`. */
function find(
  text: Text,
  from: number,
  pattern: ShellPattern,
): { start: number; end: number } | undefined {
  for (let start = from; start <= text.length; start++) {
    const end = matchEnd(text, start, pattern, true);
    if (end >= 0) return { start, end };
    // What follows a star failed on this line, so it fails from every later place of the line too.
    const [first = []] = pattern.segments;
    if (pattern.segments.length > 1 && segmentMatches(text, start, first)) {
      start = Math.max(start, lineEnd(text, start + first.length) - first.length);
    }
  }
  return undefined;
}

/** `${name#pattern}` and, with `longest`, `${name##pattern}`. Throws `invalid`. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const text = Array.from(value);
  const end = matchEnd(text, 0, parsePattern(pattern), longest);
  return end < 0 ? value : text.slice(end).join('');
}

/** The pattern back to front, each escape still before what it escapes. */
function reversePattern(pattern: string): string {
  return (pattern.match(/\\.|./gsu) ?? []).reverse().join('');
}

/** `${name%pattern}` and, with `longest`, `${name%%pattern}`. Throws `invalid`. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const text = Array.from(value).reverse();
  const end = matchEnd(text, 0, parsePattern(reversePattern(pattern)), longest);
  return end < 0 ? value : text.slice(end).reverse().join('');
}

/** `${name/pattern/replacement}` and, with `all`, `${name//pattern/replacement}`. Throws `invalid`. */
export function substitute(
  value: string,
  pattern: string,
  { replacement, all }: { replacement: string; all: boolean },
): string {
  const parsed = parsePattern(pattern);
  const text = Array.from(value);
  const out: string[] = [];
  let copied = 0;
  let from = 0;
  let lastEnd = -1;
  while (from <= text.length) {
    const match = find(text, from, parsed);
    if (!match) break;
    const { start, end } = match;
    // An empty match right behind the match before it does not count.
    if (end > start || end !== lastEnd) {
      out.push(...text.slice(copied, start), replacement);
      copied = end;
      lastEnd = end;
      if (!all) break;
    }
    from = end > start ? end : end + 1;
  }
  return copied === 0 && out.length === 0 ? value : out.join('') + text.slice(copied).join('');
}
