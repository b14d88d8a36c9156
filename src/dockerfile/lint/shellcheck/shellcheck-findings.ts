import type { Finding, LintResult } from '../lint-dockerfile.ts';
import { defaultLintOptions, type LintOptions } from '../lint-options.ts';
import { type Severity, severities } from '../rule.ts';
import type { ShellcheckScript } from './shellcheck-scripts.ts';

/** One remark of ShellCheck, as its `json1` format has it. */
export interface ShellcheckComment {
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
  readonly endColumn: number;
  readonly level: string;
  readonly code: number;
  readonly message: string;
}

/** Options of ShellCheck that a Dockerfile cannot set: ash is known to be, files are not at hand. */
export const shellcheckExclusions = ['SC2187', 'SC1090'];

/** A file's lint result and the options it was linted with. */
export interface LintedWith {
  readonly result: LintResult;
  readonly options: Partial<LintOptions>;
}

/** ShellCheck's remarks about one script as findings, silenced as all others are. */
export function shellcheckFindings(
  script: ShellcheckScript,
  comments: readonly ShellcheckComment[],
  { result: { dockerfile, pragmas }, options: given }: LintedWith,
): Finding[] {
  const options = { ...defaultLintOptions, ...given };
  const { source } = dockerfile;
  return comments.flatMap((comment) => {
    const code = `SC${comment.code}`;
    const severity = options.severities.get(code) ?? severityOf(comment.level);
    const isSilenced =
      options.ignored.has(code) ||
      (!options.disableIgnorePragma && pragmas.isIgnored(code, script.place.range));
    if (isSilenced) return [];
    const start = script.sourceOffset(comment.line, comment.column);
    const last = script.sourceOffset(comment.endLine, Math.max(1, comment.endColumn - 1));
    const range =
      start === undefined
        ? script.place.range
        : source.range(start, Math.max(start, (last ?? start - 1) + 1));
    const { line, column } = range.start;
    const { message } = comment;
    return [{ code, severity, message, line, column, range, fix: undefined }];
  });
}

function severityOf(level: string): Severity {
  return severities.find((severity) => severity === level) ?? 'error';
}
