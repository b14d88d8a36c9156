import { invalid } from '../../core/index.ts';

/** Query parameters, read as Docker reads them. A missing one is '', false, undefined or []. */
export class Query {
  readonly #parameters: URLSearchParams;

  constructor(search: string) {
    this.#parameters = new URLSearchParams(search);
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  text(name: string): string {
    return this.#parameters.get(name) ?? '';
  }

  /** Every value of a repeated parameter. */
  all(name: string): string[] {
    return this.#parameters.getAll(name);
  }

  /** Anything but '', 0, no, false and none is true. */
  flag(name: string, fallback = false): boolean {
    const value = this.#parameters.get(name);
    if (value === null) return fallback;
    return !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase());
  }

  /** Throws `invalid` in the words of Go's strconv. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === '') return undefined;
    if (!/^[+-]?\d+$/.test(value)) {
      throw invalid(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw invalid(`strconv.Atoi: parsing ${JSON.stringify(value)}: value out of range`);
    }
    return number;
  }

  /** A parameter that holds JSON; undefined when it is missing. */
  json(name: string): unknown {
    const value = this.text(name);
    if (value === '') return undefined;
    try {
      return JSON.parse(value);
    } catch (cause) {
      throw invalid(`parse query parameter ${name}: ${(cause as Error).message}`, { cause });
    }
  }
}
