import { printable } from '../../render/table.ts';
import { cutToWidth } from '../../render/text-width.ts';

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
