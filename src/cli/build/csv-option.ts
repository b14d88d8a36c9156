import { invalid } from '../../core/index.ts';

/** `type=local,dest=out` as pairs; a value may be quoted as in CSV. Throws `invalid`, naming the flag. */
export function parseCsvOption(flag: string, text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    if (equals <= 0) throw invalid(`parse ${flag}: "${field}" is not key=value`);
    pairs.set(field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1));
  }
  return pairs;
}

/** Throws `invalid` when a pair is there that the flag does not know. */
export function refuseOthers(
  flag: string,
  pairs: ReadonlyMap<string, string>,
  known: readonly string[],
): void {
  for (const key of pairs.keys()) {
    if (!known.includes(key))
      throw invalid(`parse ${flag}: unknown key "${key}"; known are ${known.join(', ')}`);
  }
}

function splitCsv(text: string): string[] {
  const fields: string[] = [];
  const pattern = /("(?:[^"]|"")*"|[^,]*)(,|$)/gy;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const field = match[1]!;
    fields.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (match[2] === '') break;
  }
  return fields;
}
