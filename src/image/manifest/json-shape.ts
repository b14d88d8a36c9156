import { invalid } from '../../core/index.ts';

/*
 * Hostile JSON against a shape: what is known is checked and kept, what is unknown is left out.
 * A null stands for an absent value everywhere, as Go writes it for empty lists and maps.
 */

/** Reads a value found at a place, or throws `invalid` naming the place. */
export type Read<T> = (value: unknown, place: string) => T;

/** Bytes of a manifest or config: the limit that registries keep. */
export const mostDocumentBytes = 4 * 1024 * 1024;

/** Parses a whole document, called `name` in errors. Throws `invalid`. */
export function parseDocument<T>(bytes: Uint8Array, name: string, read: Read<T>): T {
  if (bytes.length > mostDocumentBytes) {
    throw invalid(`parse ${name}: ${bytes.length} bytes are over ${mostDocumentBytes}`, {
      code: 'MANIFEST_INVALID',
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : 'it is not UTF-8';
    throw invalid(`parse ${name}: ${why}`, { code: 'MANIFEST_INVALID', cause });
  }
  return read(value, `${name}:`);
}

export function mismatch(value: unknown, place: string, wanted: string) {
  return invalid(`parse ${place} is ${shown(value)}, not ${wanted}`, { code: 'MANIFEST_INVALID' });
}

/** Lists and objects are not spelled out: they may be as deep as the document is long. */
function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(value).slice(0, 100);
}

export const text: Read<string> = (value, place) => {
  if (typeof value !== 'string') throw mismatch(value, place, 'text');
  return value;
};

export const flag: Read<boolean> = (value, place) => {
  if (typeof value !== 'boolean') throw mismatch(value, place, 'true or false');
  return value;
};

export const integer: Read<number> = (value, place) => {
  if (!Number.isSafeInteger(value)) throw mismatch(value, place, 'a whole number');
  return value as number;
};

export const sizeInBytes: Read<number> = (value, place) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw mismatch(value, place, 'a size in bytes');
  }
  return value as number;
};

export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, place) => (value === undefined || value === null ? undefined : read(value, place));
}

/** An absent list is an empty one. */
export function listOf<T>(read: Read<T>): Read<T[]> {
  return (value, place) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw mismatch(value, place, 'a list');
    return value.map((item, index) => read(item, `${place}[${index}]`));
  };
}

export function mapOf<T>(read: Read<T>): Read<Record<string, T>> {
  return (value, place) => {
    const entries = Object.entries(fieldsOf(value, place));
    return Object.fromEntries(
      entries.map(([key, item]) => [key, read(item, `${place}[${JSON.stringify(key)}]`)]),
    );
  };
}

export function shape<S extends Record<string, Read<unknown>>>(
  reads: S,
): Read<{ -readonly [K in keyof S]: ReturnType<S[K]> }> {
  return (value, place) => {
    const fields = fieldsOf(value, place);
    const result: Record<string, unknown> = {};
    for (const [key, read] of Object.entries(reads)) {
      const found = Object.hasOwn(fields, key) ? fields[key] : undefined;
      const item = read(found, place.endsWith(':') ? `${place} ${key}` : `${place}.${key}`);
      if (item !== undefined) result[key] = item;
    }
    return result as { [K in keyof S]: ReturnType<S[K]> };
  };
}

function fieldsOf(value: unknown, place: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mismatch(value, place.endsWith(':') ? `${place} it` : place, 'an object');
  }
  return value as Record<string, unknown>;
}
