import { type CheckWarning, checkDockerfile } from '../checks/check-dockerfile.ts';
import type { CheckInput } from '../checks/check-input.ts';
import { type SyntaxErrorDetails, syntaxErrorDetails } from '../syntax-error.ts';
import { lintPlatform } from './base-image-names.ts';
import { buildCheckFix } from './build-check-fixes.ts';
import type { Finding, LintResult } from './lint-dockerfile.ts';
import { defaultLintOptions, type LintOptions } from './lint-options.ts';
import { bl1000 } from './rules/bl1000.ts';

/** BuildKit's checks that say what a rule says: the rule's finding is enough. */
const twins: Readonly<Record<string, string>> = {
  DuplicateStageName: 'DL3024',
  FromPlatformFlagConstDisallowed: 'DL3029',
  JSONArgsRecommended: 'DL3025',
  MaintainerDeprecated: 'DL4000',
  RedundantTargetPlatform: 'DL3065',
  ReservedStageName: 'DL3063',
  SecretsUsedInArgOrEnv: 'DL3064',
  WorkdirRelativePath: 'DL3000',
};

/**
 * What BuildKit's own checks say, as warnings, and what would stop a build on the way (BL1000).
 * Nothing of a file with syntax errors or with instructions before FROM: no build gets that far.
 */
export function buildCheckFindings(
  result: LintResult,
  given: Partial<LintOptions> = {},
): Finding[] {
  const { errors, stages, orphans, instructions } = result.dockerfile;
  const options = { ...defaultLintOptions, ...given };
  const context = { result, options };
  if (errors.length > 0 || orphans.length > 0) return [];
  if (stages.length === 0) {
    if (instructions.length > 0) return [];
    return faultFindings(
      { reason: 'the Dockerfile has no instructions', line: 1, column: 1 },
      context,
    );
  }
  const { warnings, error } = checkDockerfile(result.dockerfile, {
    baseImages: factsOf(options),
    buildArgs: options.buildArgs,
    buildPlatform: lintPlatform,
    ignore: options.contextIgnore,
  });
  const known = new Set(result.findings.map(({ code, line }) => `${code} ${line}`));
  const found = warnings.flatMap((warning) => warningFindings(warning, known, context));
  const details = syntaxErrorDetails(error);
  // Warnings that the file itself wants to be errors are reported as they are.
  if (!error || (!details && error.message.startsWith('lint violation'))) return found;
  const fault = details ?? { reason: error.message, line: 1, column: 1 };
  return [...found, ...faultFindings(fault, context)];
}

interface Context {
  readonly result: LintResult;
  readonly options: LintOptions;
}

function isSilenced(
  code: string,
  start: { readonly offset: number },
  { result, options }: Context,
): boolean {
  const isIgnored = !options.disableIgnorePragma && result.pragmas.isIgnored(code, { start });
  return isIgnored || options.ignored.has(code);
}

function warningFindings(
  warning: CheckWarning,
  known: ReadonlySet<string>,
  context: Context,
): Finding[] {
  const { check, message, range, focus } = warning;
  const { ignored, severities } = context.options;
  const { line } = range.start;
  const twin = twins[check];
  const isKnown = twin !== undefined && (known.has(`${twin} ${line}`) || ignored.has(twin));
  // Three rules say it, about the later instruction.
  const isRepeat = check === 'MultipleInstructionsDisallowed';
  if (isKnown || isRepeat || isSilenced(check, range.start, context)) return [];
  const severity = severities.get(check) ?? 'warning';
  const fix = buildCheckFix(warning, context.result.dockerfile);
  return [{ code: check, severity, message, line, column: 1, range: focus, fix }];
}

function faultFindings(
  { reason: message, line, column }: Pick<SyntaxErrorDetails, 'reason' | 'line' | 'column'>,
  context: Context,
): Finding[] {
  const { source } = context.result.dockerfile;
  const { code, severity: own } = bl1000;
  const lineStart = source.lineStart(line);
  if (isSilenced(code, { offset: lineStart }, context)) return [];
  const range = source.range(lineStart + column - 1, lineStart + column - 1);
  const severity = context.options.severities.get(code) ?? own;
  return [{ code, severity, message, line, column, range, fix: undefined }];
}

/** Of images whose variables are known: without them nothing is unset for certain. */
function factsOf({ baseImages }: LintOptions): CheckInput['baseImages'] {
  const facts = [...baseImages].flatMap(
    ([name, { environment, shell = [], triggers = [], platform }]) => {
      if (!environment) return [];
      return [[name, { environment, hasShell: shell.length > 0, triggers, platform }] as const];
    },
  );
  return new Map(facts);
}
