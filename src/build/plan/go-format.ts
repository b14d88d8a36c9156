import { quoted } from '../../core/index.ts';

/**
 * Go's spellings of values, where BuildKit writes them into an image's history: what `%q` and `%v`
 * give for strings, lists and durations.
 */

/** `%q` of a string list: `["a" "b c"]`. */
export function goQuotedList(words: readonly string[]): string {
  return `[${words.map(quoted).join(' ')}]`;
}

/** `%v` of a string list: `[a b c]`. */
export function goList(words: readonly string[]): string {
  return `[${words.join(' ')}]`;
}

/** `%q` of a number: the character it stands for, `'\\x03'`. */
export function goQuotedRune(point: number): string {
  const isCharacter = point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
  const text = quoted(isCharacter ? String.fromCodePoint(point) : '\ufffd').slice(1, -1);
  if (text === '\\"') return `'"'`;
  return text === "'" ? `'\\''` : `'${text}'`;
}

/** `%v` of a duration: `1h0m0s`, `1.5s`, `200ms`, `0s`. */
export function goDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const sign = milliseconds < 0 ? '-' : '';
  const nanoseconds = Math.round(Math.abs(milliseconds) * 1e6);
  if (nanoseconds < 1e9) {
    const [unit, size] =
      nanoseconds < 1e3 ? ['ns', 1] : nanoseconds < 1e6 ? ['µs', 1e3] : ['ms', 1e6];
    return `${sign}${nanoseconds / (size as number)}${unit}`;
  }
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9);
  const seconds = (nanoseconds % 60e9) / 1e9;
  const tail = `${seconds}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${tail}`;
  return minutes > 0 ? `${sign}${minutes}m${tail}` : `${sign}${tail}`;
}
