import { invalid } from '../../core/index.ts';

/** One step of a compiled glob. Characters are code points. */
type Token =
  | { readonly kind: 'one'; readonly code: number }
  /** `?`: any character but a slash. */
  | { readonly kind: 'any' }
  /** `[a-z]`, which may match a slash, as in Go. */
  | {
      readonly kind: 'class';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [low: number, high: number])[];
    }
  /** `*`: any run of characters but slashes. */
  | { readonly kind: 'star' }
  /** `**` before more: nothing, or anything that ends with a slash. */
  | { readonly kind: 'folders' }
  /** `**` at the end: anything. */
  | { readonly kind: 'rest' };

/** A compiled glob. Matching takes time proportional to glob times path at most, whatever they are. */
export interface Glob {
  matches(path: string): boolean;
  /** Whether any path that starts with `prefix` and goes on can match. */
  canMatchBelow(prefix: string): boolean;
}

const slash = 47;

/** Throws `invalid` for a bad pattern. With `globstar`, `**` crosses slashes. */
export function compileGlob(pattern: string, { globstar = false } = {}): Glob {
  const tokens = parseTokens(pattern, globstar);
  const states = matchStates(tokens);
  return {
    matches: (path) => states.run(path) && states.isFinal(),
    canMatchBelow: (prefix) => states.run(prefix) && states.canGoOn(),
  };
}

/** Checks a pattern as Go's `filepath.Match` does. Throws `invalid`. */
export function checkGlob(pattern: string): void {
  parseTokens(pattern, false);
}

function parseTokens(pattern: string, globstar: boolean): Token[] {
  const codes = Array.from(pattern, (character) => character.codePointAt(0)!);
  const tokens: Token[] = [];
  let at = 0;
  while (at < codes.length) {
    const character = String.fromCodePoint(codes[at]!);
    if (character === '*' && globstar && codes[at + 1] === codes[at]) {
      at += codes[at + 2] === slash ? 3 : 2;
      tokens.push({ kind: at < codes.length ? 'folders' : 'rest' });
      continue;
    }
    if (character === '[') {
      const { token, end } = parseClass(codes, at);
      tokens.push(token);
      at = end;
      continue;
    }
    if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'any' });
    else {
      const code = character === '\\' ? codes[++at] : codes[at];
      if (code === undefined) throw badPattern();
      tokens.push({ kind: 'one', code });
    }
    at++;
  }
  return tokens;
}

const badPattern = () => invalid('syntax error in pattern');

function parseClass(codes: readonly number[], open: number): { token: Token; end: number } {
  const is = (at: number, character: string) => codes[at] === character.charCodeAt(0);
  let at = open + 1;
  const negated = is(at, '^');
  if (negated) at++;
  const readOne = (): number => {
    if (is(at, '-') || is(at, ']')) throw badPattern();
    if (is(at, '\\')) at++;
    const code = codes[at++];
    if (code === undefined || at >= codes.length) throw badPattern();
    return code;
  };
  const ranges: [number, number][] = [];
  while (!is(at, ']') || ranges.length === 0) {
    const low = readOne();
    if (!is(at, '-')) ranges.push([low, low]);
    else {
      at++;
      ranges.push([low, readOne()]);
    }
  }
  return { token: { kind: 'class', negated, ranges }, end: at + 1 };
}

function accepts(token: Token, code: number): boolean {
  switch (token.kind) {
    case 'one':
      return token.code === code;
    case 'any':
    case 'star':
      return code !== slash;
    case 'class': {
      const inside = token.ranges.some(([low, high]) => low <= code && code <= high);
      return inside !== token.negated;
    }
    case 'folders':
    case 'rest':
      return true;
  }
}

/**
 * All places in the glob at once, as they are after each character. The place of a token that
 * repeats stands for being inside it.
 */
function matchStates(tokens: readonly Token[]) {
  const end = tokens.length;
  let current = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);

  /** Enters a place; a token that may match nothing is entered and passed at once. */
  const enter = (states: Uint8Array, from: number): void => {
    for (let place = from; ; place++) {
      states[place] = 1;
      const kind = tokens[place]?.kind;
      if (kind !== 'star' && kind !== 'folders' && kind !== 'rest') return;
    }
  };

  /** Moves over one character; false when no place is left. */
  const step = (code: number): boolean => {
    next.fill(0);
    let alive = false;
    for (let place = 0; place < end; place++) {
      if (current[place] === 0 || !accepts(tokens[place]!, code)) continue;
      alive = true;
      const { kind } = tokens[place]!;
      if (kind === 'star' || kind === 'rest') enter(next, place);
      else if (kind === 'folders') {
        next[place] = 1;
        if (code === slash) enter(next, place + 1);
      } else enter(next, place + 1);
    }
    [current, next] = [next, current];
    return alive;
  };

  return {
    /** Reads the path; false when some start of it already cannot match. */
    run(path: string): boolean {
      current.fill(0);
      enter(current, 0);
      for (let at = 0; at < path.length; at++) {
        const code = path.codePointAt(at)!;
        if (code > 0xffff) at++;
        if (!step(code)) return false;
      }
      return true;
    },
    isFinal: () => current[end] === 1,
    canGoOn: () => current.subarray(0, end).includes(1),
  };
}
