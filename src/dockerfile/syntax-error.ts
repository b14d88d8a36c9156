import { type BerthError, invalid } from '../core/index.ts';
import type { SourceRange, SourceText } from './position.ts';
import { type Excerpt, excerptOf, renderPlace, withoutControls } from './source-excerpt.ts';

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
  readonly excerpt: Excerpt;
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

function detailsOf(
  source: SourceText,
  fault: SyntaxFault,
  fileName: string | undefined,
): SyntaxErrorDetails | undefined {
  if (!fault.range) return undefined;
  const { start, end } = fault.range;
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
    excerpt: excerptOf(source, start.line),
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
    throw located({ source, fileName }, error);
  }
}

/** What a fault says of a file as a `placedError`; any other error as it is. */
export function located(
  { source, fileName }: { source: SourceText; fileName: string | undefined },
  error: unknown,
): unknown {
  return error instanceof SyntaxFault ? placedError(source, error, fileName) : error;
}

/** The details of an error that `parseDockerfile` or expansion raised, or undefined for any other. */
export function syntaxErrorDetails(error: unknown): SyntaxErrorDetails | undefined {
  const known = (error ?? {}) as { code?: unknown; details?: unknown };
  return known.code === code ? (known.details as SyntaxErrorDetails | undefined) : undefined;
}

/**
 * The error for a terminal: file, line and column, the lines around it, a caret under the fault and
 * the hint.
 */
export function renderSyntaxFault(details: SyntaxErrorDetails): string {
  const { hint, reason } = details;
  return renderPlace(details, hint ? reason.replace(` (${hint})`, '') : reason);
}
