type Token = 'star' | ((character: string) => boolean);

/**
 * Matches names as Go's path.Match: `*` and `?` stop at slashes, `[a-z]` and `[^a-z]` are classes,
 * `\` takes the next character as it is. A pattern that cannot be read matches nothing. Takes time
 * in proportion to the lengths of pattern and name multiplied, whatever the pattern.
 */
export function nameMatcher(pattern: string): (name: string) => boolean {
  const tokens = tokensOf(pattern);
  return (name) => tokens !== undefined && matches(tokens, name);
}

function tokensOf(pattern: string): Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '*') {
      if (tokens.at(-1) !== 'star') tokens.push('star');
    } else if (character === '?') {
      tokens.push((other) => other !== '/');
    } else if (character === '[') {
      const found = characterClass(pattern, at);
      if (!found) return undefined;
      tokens.push(found.accepts);
      at = found.end;
    } else {
      const literal = character === '\\' ? pattern[++at] : character;
      if (literal === undefined) return undefined;
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** The class that starts at `[`, and where its `]` stands. */
function characterClass(
  pattern: string,
  start: number,
): { accepts: (character: string) => boolean; end: number } | undefined {
  const negated = pattern[start + 1] === '^';
  const ranges: [first: string, last: string][] = [];
  let at = negated ? start + 2 : start + 1;
  const take = () => (pattern[at] === '\\' ? pattern[++at] : pattern[at]);
  for (; pattern[at] !== ']' || ranges.length === 0; at++) {
    const first = take();
    if (first === undefined) return undefined;
    let last: string | undefined = first;
    if (pattern[at + 1] === '-') {
      at += 2;
      last = take();
      if (last === undefined) return undefined;
    }
    ranges.push([first, last]);
  }
  const accepts = (character: string) =>
    ranges.some(([first, last]) => character >= first && character <= last) !== negated;
  return { accepts, end: at };
}

/** Goes back to the last star only: what an earlier one could take, the last can take as well. */
function matches(tokens: readonly Token[], name: string): boolean {
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length || token < tokens.length) {
    const wanted = tokens[token];
    if (wanted === 'star') {
      star = token++;
      starAt = at;
    } else if (wanted !== undefined && at < name.length && wanted(name[at]!)) {
      token++;
      at++;
    } else if (star >= 0 && starAt < name.length && name[starAt] !== '/') {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  return true;
}
