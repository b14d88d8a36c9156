import { invalid, parseDuration } from '../core/index.ts';
import { quoted } from './quote.ts';

const truths = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const falsehoods = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** A boolean in the spellings Go reads, or undefined. */
export function parseBoolean(text: string): boolean | undefined {
  if (truths.has(text)) return true;
  return falsehoods.has(text) ? false : undefined;
}

/** Milliseconds from Go's notation, with the words Go has for what is none. Throws `invalid`. */
export function parseGoDuration(text: string): number {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]/, '');
  try {
    if (digits === '') throw invalid('no digits');
    const durationMs = parseDuration(digits);
    return negative && durationMs !== 0 ? -durationMs : durationMs;
  } catch (error) {
    const hasUnit = !/^[0-9]+(\.[0-9]*)?$/.test(digits);
    const what = hasUnit ? 'invalid duration' : 'missing unit in duration';
    throw invalid(`time: ${what} ${quoted(text)}`, { cause: error });
  }
}

/** A whole number of 32 bits in decimal, with the words Go has for what is none. Throws `invalid`. */
export function parseInt32(text: string): number {
  const failed = (why: string) => invalid(`strconv.ParseInt: parsing ${quoted(text)}: ${why}`);
  if (!/^[+-]?[0-9]+$/.test(text)) throw failed('invalid syntax');
  const value = Number(text);
  if (value > 0x7fff_ffff || value < -0x8000_0000) throw failed('value out of range');
  return value;
}
