import { type BerthError, invalid } from '../core/index.ts';
import type { SourceRange, SourceText } from './position.ts';

/** What `details` of an error about a Dockerfile holds. */
export interface SyntaxErrorDetails {
  readonly fileName: string | undefined;
  readonly line: number;
  readonly column: number;
  /** After the last character at fault; on a later line than `line` if `endLine` says so. */
  readonly endColumn: number;
  readonly endLine: number;
  readonly lineText: string;
  /** The message without its place. */
  readonly reason: string;
  /** The nearest instruction, flag, option or name, when one is near. */
  readonly suggestion: string | undefined;
  /** One short sentence for beneath the caret, such as `did you mean RUN?`. */
  readonly hint: string | undefined;
  /** The lines around the fault, the first of them numbered `firstLine`. */
  readonly excerpt: { readonly firstLine: number; readonly lines: readonly string[] };
}

/** Thrown inside the parser, where the file's name is not known; becomes a BerthError outside. */
export class SyntaxFault extends Error {
  readonly range: SourceRange | undefined;
  readonly suggestion: string | undefined;

  constructor(message: string, range?: SourceRange, suggestion?: string) {
    super(message);
    this.range = range;
    this.suggestion = suggestion;
  }
}

/** The lines of context shown before and after the one at fault. */
const contextLines = 2;

/**
 * The error of a Dockerfile's user: kind `invalid`, BuildKit's wording, SyntaxErrorDetails in
 * `details`. Without a range it is about the file as a whole.
 */
export function syntaxError(source: SourceText, fault: SyntaxFault, fileName?: string): BerthError {
  const { suggestion } = fault;
  const hint = suggestion === undefined ? undefined : `did you mean ${suggestion}?`;
  const reason = hint === undefined ? fault.message : `${fault.message} (${hint})`;
  if (!fault.range) return invalid(reason, { code: 'DOCKERFILE_SYNTAX' });
  const { start, end } = fault.range;
  const firstLine = Math.max(1, start.line - contextLines);
  const lastLine = Math.min(source.lineCount, start.line + contextLines);
  const lines: string[] = [];
  for (let line = firstLine; line <= lastLine; line++) lines.push(source.line(line));
  const details: SyntaxErrorDetails = {
    fileName,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    lineText: source.line(start.line),
    reason,
    suggestion,
    hint,
    excerpt: { firstLine, lines },
  };
  return invalid(`dockerfile parse error on line ${start.line}: ${reason}`, {
    code: 'DOCKERFILE_SYNTAX',
    details,
  });
}

/** The details of an error that `parseDockerfile` or expansion raised, or undefined for any other. */
export function syntaxErrorDetails(error: unknown): SyntaxErrorDetails | undefined {
  const { code, details } = (error ?? {}) as { code?: unknown; details?: unknown };
  return code === 'DOCKERFILE_SYNTAX' ? (details as SyntaxErrorDetails | undefined) : undefined;
}

/** Columns of a line shown around the caret; longer lines are cut on both sides. */
const shownColumns = 120;

/** A line as a terminal may show it: no control characters, tabs as one blank, cut to a window. */
function shown(line: string, from: number): string {
  const window = line.slice(from, from + shownColumns);
  return window.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ');
}

/**
 * The error for a terminal: file, line and column, the lines around it, a caret under the fault and
 * the hint. Errors that are not about a Dockerfile give their message alone.
 */
export function renderSyntaxError(error: Error): string {
  const details = syntaxErrorDetails(error);
  if (!details) return error.message;
  const { line, column, excerpt, hint } = details;
  const from = column > shownColumns ? column - shownColumns / 2 : 0;
  const width = String(excerpt.firstLine + excerpt.lines.length - 1).length;
  const endsHere = details.endLine === line;
  const rest = details.lineText.length + 1 - column;
  const span = endsHere ? details.endColumn - column : rest;
  const carets = '^'.repeat(Math.max(1, Math.min(span, from + shownColumns - column + 1)));
  const problem = hint ? details.reason.replace(` (${hint})`, '') : details.reason;
  const out = [`${details.fileName ?? 'Dockerfile'}:${line}:${column}: ${problem}`];
  for (const [index, text] of excerpt.lines.entries()) {
    const number = excerpt.firstLine + index;
    const mark = number === line ? '>' : ' ';
    out.push(`${mark} ${String(number).padStart(width)} | ${shown(text, from)}`.trimEnd());
    if (number !== line) continue;
    const gutter = ' '.repeat(width + 3);
    out.push(`${gutter}| ${' '.repeat(column - 1 - from)}${carets}${hint ? ` ${hint}` : ''}`);
  }
  return out.join('\n');
}
