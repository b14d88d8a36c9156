import { createIgnoreMatcher, parseIgnoreFile } from '../../dockerfile/index.ts';
import {
  buildCheckFindings,
  type Finding,
  type LintOptions,
  type LintResult,
  lintDockerfile,
  shellcheckFindings,
  shellcheckScripts,
} from '../../dockerfile/lint/index.ts';
import type { FileReport } from './report.ts';
import type { RunShellcheck } from './run-shellcheck.ts';

/** A Dockerfile that was read. */
export interface LintInput {
  readonly name: string;
  readonly text: string;
  /** The text of the `.dockerignore` that a build of it would heed. */
  readonly ignore?: string | undefined;
}

export interface LintFilesOptions {
  readonly options: Partial<LintOptions>;
  /** Left out, commands in RUN are not checked. */
  readonly shellcheck?: RunShellcheck;
  /** Whether BuildKit's checks are run too. */
  readonly buildChecks: boolean;
}

export interface LintedFiles {
  readonly reports: readonly FileReport[];
  /** Whether ShellCheck was wanted and is not installed. */
  readonly lacksShellcheck: boolean;
  /** Commands that were too much for it. */
  readonly unchecked: number;
}

/** Lints files with all there is: the rules, BuildKit's checks, and ShellCheck once for all. */
export async function lintFiles(
  inputs: readonly LintInput[],
  { options, shellcheck, buildChecks }: LintFilesOptions,
): Promise<LintedFiles> {
  const results = inputs.map(({ text }) => lintDockerfile(text, options));
  const shell = shellcheck
    ? await shellFindings(results, shellcheck, options)
    : { findings: [], unchecked: 0 };
  const reports = inputs.map(({ name, ignore }, index) => {
    const result = results[index]!;
    const contextIgnore =
      ignore === undefined ? undefined : createIgnoreMatcher(parseIgnoreFile(ignore));
    const checks = buildChecks ? buildCheckFindings(result, { ...options, contextIgnore }) : [];
    return {
      name,
      findings: inOrder([...result.findings, ...checks, ...(shell?.findings[index] ?? [])]),
    };
  });
  return { reports, lacksShellcheck: shell === undefined, unchecked: shell?.unchecked ?? 0 };
}

/** For each file ShellCheck's findings, or undefined when it is not installed. */
async function shellFindings(
  results: readonly LintResult[],
  shellcheck: RunShellcheck,
  options: Partial<LintOptions>,
): Promise<{ findings: Finding[][]; unchecked: number } | undefined> {
  const scripts = results.map((result) => shellcheckScripts(result));
  const comments = await shellcheck(scripts.flat().map(({ text }) => text));
  if (!comments) return undefined;
  let next = 0;
  const findings = results.map((result, index) =>
    withoutRepeats(
      scripts[index]!.flatMap((script) =>
        shellcheckFindings(script, comments[next++] ?? [], { result, options }),
      ),
    ),
  );
  return { findings, unchecked: comments.filter((one) => one === undefined).length };
}

/** A here-document may be read by two shells, of which each has the same remark. */
function withoutRepeats(findings: Finding[]): Finding[] {
  const known = new Set<string>();
  return findings.filter(({ code, range, message }) => {
    const key = `${code} ${range.start.offset} ${message}`;
    return !known.has(key) && known.add(key);
  });
}

function inOrder(findings: Finding[]): Finding[] {
  return findings.sort(
    (a, b) => a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1),
  );
}
