import { stripVTControlCharacters } from 'node:util';

/** A line of a step's output without what would steer the terminal; a carriage return overwrites. */
export function printableLine(text: string): string {
  const shown = text.replace(/\r$/, '');
  return stripVTControlCharacters(shown.slice(shown.lastIndexOf('\r') + 1)).replace(
    /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g,
    '',
  );
}

export function seconds(ms: number, digits: number): string {
  return (Math.max(0, ms) / 1000).toFixed(digits);
}
