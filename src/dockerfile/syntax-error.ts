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
 * The error of what cannot be parsed: kind `invalid`, code `DOCKERFILE_SYNTAX`, BuildKit's wording
 * with its line, SyntaxErrorDetails in `details`. Without a range it is about the file as a whole
 * and has no details.
 */
export function syntaxError(source: SourceText, fault: SyntaxFault, fileName?: string): BerthError {
  const details = detailsOf(source, fault, fileName);
  if (!details) return invalid(reasonOf(fault), { code });
  return invalid(`dockerfile parse error on line ${details.line}: ${details.reason}`, {
    code,
    details,
  });
}

/** Like `syntaxError`, of what is well formed and still wrong: the message does not name the line. */
export function placedError(source: SourceText, fault: SyntaxFault, fileName?: string): BerthError {
  return invalid(reasonOf(fault), { code, details: detailsOf(source, fault, fileName) });
}

const code = 'DOCKERFILE_SYNTAX';

function hintOf({ suggestion }: SyntaxFault): string | undefined {
  return suggestion === undefined ? undefined : `did you mean ${suggestion}?`;
}

function reasonOf(fault: SyntaxFault): string {
  const hint = hintOf(fault);
  return withoutControls(hint === undefined ? fault.message : `${fault.message} (${hint})`);
}

/** What a file holds may not steer the terminal that shows it. */
function withoutControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ');
}

function detailsOf(
  source: SourceText,
  fault: SyntaxFault,
  fileName: string | undefined,
): SyntaxErrorDetails | undefined {
  if (!fault.range) return undefined;
  const { start, end } = fault.range;
  const firstLine = Math.max(1, start.line - contextLines);
  const lastLine = Math.min(source.lineCount, start.line + contextLines);
  const lines: string[] = [];
  for (let line = firstLine; line <= lastLine; line++) lines.push(source.line(line));
  return {
    fileName,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
    lineText: source.line(start.line),
    reason: reasonOf(fault),
    suggestion: fault.suggestion,
    hint: hintOf(fault),
    excerpt: { firstLine, lines },
  };
}

/** Runs `action`; a fault it throws becomes a `placedError`. */
export function locate<Value>(
  { source, fileName }: { source: SourceText; fileName: string | undefined },
  action: () => Value,
): Value {
  try {
    return action();
  } catch (error) {
    if (error instanceof SyntaxFault) throw placedError(source, error, fileName);
    throw error;
  }
}

/** The details of an error that `parseDockerfile` or expansion raised, or undefined for any other. */
export function syntaxErrorDetails(error: unknown): SyntaxErrorDetails | undefined {
  const known = (error ?? {}) as { code?: unknown; details?: unknown };
  return known.code === code ? (known.details as SyntaxErrorDetails | undefined) : undefined;
}

/** Columns of a line shown around the caret; longer lines are cut on both sides. */
const shownColumns = 120;

/** A line as a terminal may show it: no control characters, a tab as one blank, cut to a window. */
export function shownText(line: string, from = 0): string {
  return withoutControls(line.slice(from, from + shownColumns));
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
    out.push(`${mark} ${String(number).padStart(width)} | ${shownText(text, from)}`.trimEnd());
    if (number !== line) continue;
    const gutter = ' '.repeat(width + 3);
    out.push(`${gutter}| ${' '.repeat(column - 1 - from)}${carets}${hint ? ` ${hint}` : ''}`);
  }
  return out.join('\n');
}
