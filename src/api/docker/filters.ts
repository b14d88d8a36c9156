import { compileGoPattern, type GoPattern, invalid } from '../../core/index.ts';
import type { Query } from '../http/query.ts';

/**
 * Docker's `filters` parameter: a set of values by filter name. A filter that was not given lets
 * everything pass.
 */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  readonly #patterns = new Map<string, GoPattern | undefined>();

  constructor(values: Iterable<readonly [string, readonly string[]]> = []) {
    this.#values = new Map(values);
  }

  has(name: string): boolean {
    return this.values(name).length > 0;
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** True when not given, or when some value of it is accepted. */
  some(name: string, accepts: (value: string) => boolean): boolean {
    return !this.has(name) || this.values(name).some(accepts);
  }

  /** Equal to one of the values. */
  exact(name: string, source: string): boolean {
    return this.some(name, (value) => value === source);
  }

  /** Beginning with one of the values. */
  prefix(name: string, source: string): boolean {
    return this.some(name, (value) => source.startsWith(value));
  }

  /** Equal to one of the values or matched by it as a regular expression, as Docker does names. */
  pattern(name: string, source: string): boolean {
    return this.some(name, (value) => value === source || this.#matches(value, source));
  }

  /** A filter asks the same of many names: each pattern is compiled once. */
  #matches(value: string, source: string): boolean {
    if (!this.#patterns.has(value)) this.#patterns.set(value, compile(value));
    return this.#patterns.get(value)?.test(source) === true;
  }

  /** Every `key` and `key=value` of the filter is among the labels. */
  labels(name: string, labels: Readonly<Record<string, string>> | undefined): boolean {
    return this.values(name).every((value) => {
      const equals = value.indexOf('=');
      const key = equals < 0 ? value : value.slice(0, equals);
      const label = Object.hasOwn(labels ?? {}, key) ? labels?.[key] : undefined;
      return label !== undefined && (equals < 0 || label === value.slice(equals + 1));
    });
  }

  /** A yes-or-no filter. Throws `invalid` for other values. */
  flag(name: string, fallback: boolean): boolean {
    if (!this.has(name)) return fallback;
    const values = this.values(name).map((value) => flags[value.toLowerCase()]);
    if (values.includes(undefined) || new Set(values).size > 1) {
      throw invalid(`invalid filter '${name}=${JSON.stringify(this.values(name))}'`);
    }
    return values[0]!;
  }

  /** Throws `invalid` in Docker's words when a filter's name is none of these. */
  allow(...names: string[]): this {
    for (const name of this.#values.keys()) {
      if (!names.includes(name)) throw invalid(`invalid filter '${name}'`);
    }
    return this;
  }
}

const flags: Record<string, boolean> = {
  true: true,
  '1': true,
  t: true,
  false: false,
  '0': false,
  f: false,
};

/** Undefined for what is no pattern: as for Docker it matches nothing then. */
function compile(pattern: string): GoPattern | undefined {
  try {
    return compileGoPattern(pattern);
  } catch {
    return undefined;
  }
}

/** Reads `filters`, in today's form `{"a":["x"]}` or the old `{"a":{"x":true}}`. */
export function filtersOf(query: Query): Filters {
  const text = query.text('filters');
  if (text === '') return new Filters();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw invalid('invalid filter', { cause });
  }
  if (parsed === null) return new Filters();
  if (typeof parsed !== 'object' || Array.isArray(parsed)) throw invalid('invalid filter');
  return new Filters(
    Object.entries(parsed).map(([name, values]) => [name, filterValues(values)] as const),
  );
}

function filterValues(values: unknown): string[] {
  if (values === null) return [];
  if (typeof values !== 'object') throw invalid('invalid filter');
  const texts = Array.isArray(values)
    ? values
    : Object.entries(values).flatMap(([value, wanted]) => (wanted === true ? [value] : []));
  if (!texts.every((text) => typeof text === 'string')) throw invalid('invalid filter');
  return texts;
}
