import { type BerthError, invalid } from '../../core/index.ts';

/**
 * Turns a piece of JSON into a value of one type, or throws `invalid` in the words of Go's decoder.
 * As in Go, null and a missing field are the zero value: undefined.
 */
export interface Decode<T> {
  (value: unknown, path: string): T | undefined;
  /** What null means where something must be, within a list: Go's zero value. */
  readonly zero?: T;
}

/** A decoder with its zero value. */
function withZero<T>(decode: (value: unknown, path: string) => T | undefined, zero: T): Decode<T> {
  return Object.assign(decode, { zero });
}

const mismatch = (value: unknown, path: string, wanted: string): BerthError => {
  const got = Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : typeof value === 'number' && !Number.isSafeInteger(value)
        ? `number ${value}`
        : typeof value;
  const where = path === '' ? 'Go value' : `Go struct field ${path}`;
  return invalid(`invalid JSON: json: cannot unmarshal ${got} into ${where} of type ${wanted}`);
};

export const string: Decode<string> = withZero((value, path) => {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw mismatch(value, path, 'string');
  return value;
}, '');

export const boolean: Decode<boolean> = (value, path) => {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw mismatch(value, path, 'bool');
  return value;
};

/** A whole number; int64's far ends lose digits, as nothing here counts so high. */
export const integer: Decode<number> = withZero((value, path) => {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > 2 ** 63) {
    throw mismatch(value, path, 'int64');
  }
  return value;
}, 0);

/** `{}`, the value of Docker's sets. */
export const emptyObject: Decode<Record<string, never>> = (value, path) => {
  if (
    value !== undefined &&
    value !== null &&
    (typeof value !== 'object' || Array.isArray(value))
  ) {
    throw mismatch(value, path, 'struct {}');
  }
  return {};
};

export function array<T>(item: Decode<T>): Decode<T[]> {
  return withZero((value, path) => {
    if (value === undefined || value === null) return undefined;
    if (!Array.isArray(value)) throw mismatch(value, path, '[]');
    return value.map((one) => item(one, path) ?? (item.zero as T));
  }, []);
}

export function map<T>(item: Decode<T>): Decode<Record<string, T>> {
  return (value, path) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(value, path, 'map');
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, item(one, `${path}.${key}`) as T]),
    );
  };
}

/** One string or several: Docker's command lines. */
export const strings: Decode<string[]> = (value, path) =>
  typeof value === 'string' ? [value] : array(string)(value, path);

export type Shape<T> = { readonly [K in keyof T]-?: Decode<NonNullable<T[K]>> };

/** An object of which the known fields are kept; their names may differ in case, as in Go. */
export function object<T>(shape: Shape<T>): Decode<T> {
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  return withZero<T>((value, path) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw mismatch(value, path, 'struct');
    const result: Record<string, unknown> = {};
    for (const [key, one] of Object.entries(value)) {
      const name = names.get(key.toLowerCase());
      if (name === undefined) continue;
      const decoded = shape[name as keyof T](one, `${path}.${name}`);
      if (decoded !== undefined) result[name] = decoded;
    }
    return result as T;
  }, {} as T);
}
