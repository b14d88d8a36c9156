import type { SourceText } from './position.ts';

/** Lines of a Dockerfile, the first of them numbered `firstLine`. */
export interface Excerpt {
  readonly firstLine: number;
  readonly lines: readonly string[];
}

/** Where in a Dockerfile something is, in a form that can be shown far from the file. */
export interface Place {
  readonly fileName: string | undefined;
  readonly line: number;
  readonly endLine: number;
  /** Marked with carets below `line`, where it is known; columns count from 1. */
  readonly column?: number;
  /** After the last character marked; on `endLine`. */
  readonly endColumn?: number;
  /** One short sentence for beside the carets. */
  readonly hint?: string | undefined;
  readonly excerpt: Excerpt;
}

/** The lines of context shown before and after those meant. */
const contextLines = 2;

/** Of an instruction with more lines, the first so many are shown. */
const mostLines = 20;

/** The lines from `line` to `endLine`, as far as they are shown, and two on either side. */
export function excerptOf(source: SourceText, line: number, endLine = line): Excerpt {
  const firstLine = Math.max(1, line - contextLines);
  const lastMeant = Math.min(endLine, line + mostLines - 1);
  const lastLine = Math.min(source.lineCount, lastMeant + contextLines);
  const lines: string[] = [];
  for (let number = firstLine; number <= lastLine; number++) lines.push(source.line(number));
  return { firstLine, lines };
}

/** What a file holds may not steer the terminal that shows it. */
export function withoutControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ');
}

/** Columns of a line that are shown; longer lines are cut on both sides. */
const shownColumns = 120;

/** A line as a terminal may show it: no control characters, a tab as one blank, cut to a window. */
export function shownText(line: string, from = 0): string {
  return withoutControls(line.slice(from, from + shownColumns));
}

/** A problem and its place for a terminal: `file:line:column: problem`, the lines, the carets. */
export function renderPlace(place: Place, problem: string): string {
  const { line, endLine, column, excerpt, fileName = 'Dockerfile' } = place;
  const from = column !== undefined && column > shownColumns ? column - shownColumns / 2 : 0;
  const width = String(excerpt.firstLine + excerpt.lines.length - 1).length;
  const at = column === undefined ? `${line}` : `${line}:${column}`;
  const out = [`${withoutControls(fileName)}:${at}: ${withoutControls(problem)}`];
  for (const [index, text] of excerpt.lines.entries()) {
    const number = excerpt.firstLine + index;
    const isMeant = column === undefined ? number >= line && number <= endLine : number === line;
    const mark = isMeant ? '>' : ' ';
    out.push(`${mark} ${String(number).padStart(width)} | ${shownText(text, from)}`.trimEnd());
    if (number !== line || column === undefined) continue;
    out.push(`${' '.repeat(width + 3)}| ${caretsOf(place, column, { text, from })}`);
  }
  return out.join('\n');
}

function caretsOf(
  { line, endLine, endColumn, hint }: Place,
  column: number,
  { text, from }: { text: string; from: number },
): string {
  const end = endLine === line && endColumn !== undefined ? endColumn : text.length + 1;
  const count = Math.max(1, Math.min(end - column, from + shownColumns - column + 1));
  return `${' '.repeat(column - 1 - from)}${'^'.repeat(count)}${hint ? ` ${hint}` : ''}`;
}
