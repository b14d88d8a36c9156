import { invalid, quoted } from '../../core/index.ts';
import { parseBoolean } from '../go-values.ts';

/** What `# check=` says: which checks run, and whether a warning fails the build. */
export interface CheckOptions {
  readonly skip: 'all' | ReadonlySet<string>;
  readonly experimental: 'all' | ReadonlySet<string>;
  readonly error: boolean;
}

export const defaultCheckOptions: CheckOptions = {
  skip: new Set(),
  experimental: new Set(),
  error: false,
};

/** The most options that one directive holds; what follows belongs to the last of them. */
const optionLimit = 3;

/** Reads `skip=A,B;experimental=all;error=true`. Throws `invalid`. */
export function parseCheckOptions(text: string): CheckOptions {
  let { skip, experimental, error } = defaultCheckOptions;
  const parts = text.trim() === '' ? [] : text.trim().split(';');
  const options = parts.slice(0, optionLimit - 1);
  if (parts.length >= optionLimit) options.push(parts.slice(optionLimit - 1).join(';'));
  for (const part of options) {
    const equals = part.indexOf('=');
    if (equals < 0) throw invalid(`invalid check option ${quoted(part)}`);
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (name === 'skip') skip = names(value);
    else if (name === 'experimental') experimental = names(value);
    else if (name === 'error') error = errorOption(value, part);
    else throw invalid(`invalid check option ${quoted(name)}`);
  }
  return { skip, experimental, error };
}

function names(value: string): 'all' | ReadonlySet<string> {
  return value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
}

function errorOption(value: string, part: string): boolean {
  const error = parseBoolean(value);
  if (error !== undefined) return error;
  throw invalid(
    `failed to parse check option ${quoted(part)}: strconv.ParseBool: parsing ${quoted(value)}: invalid syntax`,
  );
}

/** The options of the file with those that a comment above an instruction adds. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  for (const comment of comments) {
    const value = /^check\s*=\s*(\S+)/i.exec(comment)?.[1];
    if (value === undefined) continue;
    try {
      const { skip, experimental } = parseCheckOptions(value);
      return {
        ...options,
        skip: union(options.skip, skip),
        experimental: union(options.experimental, experimental),
      };
    } catch {
      // A comment is free to look like an option and be none.
      return options;
    }
  }
  return options;
}

function union(a: CheckOptions['skip'], b: CheckOptions['skip']): CheckOptions['skip'] {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

/** Whether the options let a check run. */
export function isEnabled(
  { skip, experimental }: CheckOptions,
  check: { readonly name: string; readonly experimental?: true },
): boolean {
  if (check.experimental) return experimental === 'all' || experimental.has(check.name);
  return skip !== 'all' && !skip.has(check.name);
}
