import { invalid, quoted } from '../core/index.ts';

const truths = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falsehoods = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A boolean in the spellings Go reads, or undefined. */
export function parseBoolean(text: string): boolean | undefined {
  if (truths.has(text)) return true;
  return falsehoods.has(text) ? false : undefined;
}

const millisecondsPer: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  '\u00b5s': 1e-3,
  '\u03bcs': 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds from Go's notation, with the words Go has for what is none. Throws `invalid`. */
export function parseGoDuration(text: string): number {
  const failed = (what: string) => invalid(`time: ${what} ${quoted(text)}`);
  const digits = text.replace(/^[+-]/, '');
  if (digits === '0') return 0;
  if (digits === '') throw failed('invalid duration');
  let totalMs = 0;
  for (let rest = digits; rest !== ''; ) {
    const match = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest);
    if (!match) throw failed('invalid duration');
    const [whole, count = '', unit = ''] = match;
    if (unit === '') throw failed('missing unit in duration');
    const factor = millisecondsPer[unit];
    if (factor === undefined) throw failed(`unknown unit ${quoted(unit)} in duration`);
    totalMs += Number(count) * factor;
    rest = rest.slice(whole.length);
  }
  return text.startsWith('-') ? -totalMs : totalMs;
}

/** A whole number of 32 bits in decimal, with the words Go has for what is none. Throws `invalid`. */
export function parseInt32(text: string): number {
  const failed = (why: string) => invalid(`strconv.ParseInt: parsing ${quoted(text)}: ${why}`);
  if (!/^[+-]?[0-9]+$/.test(text)) throw failed('invalid syntax');
  const value = Number(text);
  if (value > 0x7fff_ffff || value < -0x8000_0000) throw failed('value out of range');
  return value;
}
