/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1); names in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const longestHeader = 16 * 1024;

/** Reads the header; what cannot be read ends the list. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = (header ?? '').slice(0, longestHeader).trim();
  while (rest !== '') {
    const parameter = /^,?\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)\s*/.exec(
      rest,
    );
    const current = challenges.at(-1);
    if (parameter && current) {
      current.parameters.set(parameter[1]!.toLowerCase(), unquote(parameter[2]!));
      rest = rest.slice(parameter[0].length);
      continue;
    }
    const scheme = /^,?\s*([!#$%&'*+.^_`|~\w-]+)(?:\s+|$|(?=,))/.exec(rest);
    if (!scheme) break;
    challenges.push({ scheme: scheme[1]!.toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme[0].length);
  }
  return challenges;
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text;
}
