import { widthOf } from './text-width.ts';

/** Columns as docker prints them: upper-case heads, three spaces between, ragged right. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) =>
    Math.max(...lines.map((row) => widthOf(row[column] ?? ''))),
  );
  return lines
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1 ? cell : cell + ' '.repeat(widths[column]! + 3 - widthOf(cell)),
        )
        .join('')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** As `printable`, for text of several lines: its line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(/[^\n\t]+/g, printable);
}

/** Control characters, a terminal's escapes and the turning of text among them, are shown, not sent. */
export function printable(text: string): string {
  return text
    .replace(/[\x00-\x1f\x7f-\x9f]/g, (character) =>
      JSON.stringify(character)
        .slice(1, -1)
        .replace(/[\x7f-\x9f]/g, '?'),
    )
    .replace(
      /[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}
