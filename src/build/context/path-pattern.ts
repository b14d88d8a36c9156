import { invalid } from '../../core/index.ts';

/** One segment of a path pattern, ready to be compared. */
export interface SegmentPattern {
  /** The segment itself when it has no wildcard, escapes taken away. */
  readonly literal: string | undefined;
  matches(name: string): boolean;
}

type Token =
  | { kind: 'any-run' }
  | { kind: 'any' }
  | { kind: 'one'; character: string }
  | { kind: 'set'; negated: boolean; ranges: readonly (readonly [string, string])[] };

const badPattern = (pattern: string) =>
  invalid(`${JSON.stringify(pattern)}: syntax error in pattern`);

/**
 * Compiles one segment as Go's filepath.Match reads it: `*`, `?`, `[a-z]`, `[^a]`, `\x`. Matching
 * takes time proportional to pattern times name at most. Throws `invalid` for a bad pattern.
 */
export function segmentPattern(segment: string): SegmentPattern {
  const tokens = tokensOf(segment);
  if (tokens.every((token) => token.kind === 'one')) {
    const literal = tokens.map((token) => (token as { character: string }).character).join('');
    return { literal, matches: (name) => name === literal };
  }
  return { literal: undefined, matches: (name) => matchTokens(tokens, [...name]) };
}

/** Does the path have a wildcard that is not escaped? */
export function hasWildcards(path: string): boolean {
  return /[*?[]/.test(path.replace(/\\./gs, ''));
}

function tokensOf(segment: string): Token[] {
  const characters = [...segment];
  const tokens: Token[] = [];
  let at = 0;
  while (at < characters.length) {
    const character = characters[at]!;
    at++;
    if (character === '*') {
      if (tokens.at(-1)?.kind !== 'any-run') tokens.push({ kind: 'any-run' });
    } else if (character === '?') tokens.push({ kind: 'any' });
    else if (character === '[') {
      const set = readSet(characters, at, segment);
      tokens.push(set.token);
      at = set.end;
    } else if (character === '\\') {
      const escaped = characters[at++];
      if (escaped === undefined) throw badPattern(segment);
      tokens.push({ kind: 'one', character: escaped });
    } else tokens.push({ kind: 'one', character });
  }
  return tokens;
}

function readSet(
  characters: readonly string[],
  start: number,
  segment: string,
): { token: Token; end: number } {
  let at = start;
  const negated = characters[at] === '^';
  if (negated) at++;
  const ranges: [string, string][] = [];
  const readOne = (): string => {
    const character = characters[at++];
    if (character === undefined || character === '-' || character === ']')
      throw badPattern(segment);
    if (character !== '\\') return character;
    const escaped = characters[at++];
    if (escaped === undefined) throw badPattern(segment);
    return escaped;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = readOne();
    let high = low;
    if (characters[at] === '-') {
      at++;
      high = readOne();
    }
    ranges.push([low, high]);
    if (at >= characters.length) throw badPattern(segment);
  }
  return { token: { kind: 'set', negated, ranges }, end: at + 1 };
}

/** Greedy, going back to the last `*` only. */
function matchTokens(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let starToken = -1;
  let starAt = 0;
  while (at < name.length) {
    const current = tokens[token];
    if (current?.kind === 'any-run') {
      starToken = token++;
      starAt = at;
    } else if (current !== undefined && matchOne(current, name[at]!)) {
      token++;
      at++;
    } else if (starToken >= 0) {
      token = starToken + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.kind === 'any-run') token++;
  return token === tokens.length;
}

function matchOne(token: Token, character: string): boolean {
  if (token.kind === 'one') return token.character === character;
  if (token.kind !== 'set') return token.kind === 'any';
  const point = character.codePointAt(0)!;
  const inside = token.ranges.some(
    ([low, high]) => low.codePointAt(0)! <= point && point <= high.codePointAt(0)!,
  );
  return inside !== token.negated;
}
