import { printable } from '../../render/table.ts';

const codes = {
  bold: '1',
  faint: '2',
  reverse: '7',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
} as const;
export type Style = keyof typeof codes;

export interface Span {
  readonly text: string;
  readonly styles?: readonly Style[];
}

/** A line of the screen that is exactly `columns` wide, whatever its spans hold. */
export function fitLine(spans: readonly Span[], columns: number): string {
  let line = '';
  let left = columns;
  for (const { text, styles = [] } of spans) {
    if (left <= 0) break;
    const cut = cutToWidth(safe(text), left);
    left -= cut.width;
    line += styled(cut.text, styles);
  }
  return line + ' '.repeat(Math.max(0, left));
}

/** The same on as many lines as it takes. */
export function wrapLine(spans: readonly Span[], columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  let left = columns;
  for (const { text, styles = [] } of spans) {
    let rest = safe(text);
    while (rest !== '') {
      const cut = cutToWidth(rest, left);
      line += styled(cut.text, styles);
      rest = rest.slice(cut.text.length);
      left -= cut.width;
      if (rest === '') break;
      // A character wider than the whole line could never be placed.
      if (cut.text === '' && left === columns) return [...lines, line + ' '.repeat(left)];
      lines.push(line + ' '.repeat(left));
      line = '';
      left = columns;
    }
  }
  return [...lines, line + ' '.repeat(left)];
}

export function styled(text: string, styles: readonly Style[]): string {
  if (styles.length === 0 || text === '') return text;
  return `\x1b[${styles.map((style) => codes[style]).join(';')}m${text}\x1b[0m`;
}

/** Nothing that moves the cursor, turns the writing round or has no width of its own. */
function safe(text: string): string {
  return printable(text)
    .toWellFormed()
    .replace(/[\u00ad\u200b-\u200d\u2060-\u206f\ufeff\ufff9-\ufffb]/g, '?');
}

function cutToWidth(text: string, columns: number): { text: string; width: number } {
  let width = 0;
  let end = 0;
  for (const char of text) {
    const next = width + charWidth(char.codePointAt(0)!);
    if (next > columns) break;
    width = next;
    end += char.length;
  }
  return { text: text.slice(0, end), width };
}

/** Columns of a character: 0 for combining marks, 2 for East Asian wide ones and emoji. */
function charWidth(code: number): number {
  if (code < 0x300) return 1;
  if (/\p{Mn}|\p{Me}/u.test(String.fromCodePoint(code))) return 0;
  const isWide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}
