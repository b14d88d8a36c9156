import { checkDockerfile } from '../checks/check-dockerfile.ts';
import type { CheckInput } from '../checks/check-input.ts';
import { syntaxErrorDetails } from '../syntax-error.ts';
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
 * Nothing of a file with syntax errors or without FROM: no build gets that far.
 */
export function buildCheckFindings(
  { dockerfile, pragmas, findings }: LintResult,
  given: Partial<LintOptions> = {},
): Finding[] {
  const { errors, stages, orphans, source } = dockerfile;
  if (errors.length > 0 || stages.length === 0 || orphans.length > 0) return [];
  const options = { ...defaultLintOptions, ...given };
  const { warnings, error } = checkDockerfile(dockerfile, { baseImages: factsOf(options) });
  const known = new Set(findings.map(({ code, line }) => `${code} ${line}`));
  const isSilenced = (code: string, start: { offset: number }) =>
    options.ignored.has(code) ||
    (!options.disableIgnorePragma && pragmas.isIgnored(code, { start }));
  const found = warnings.flatMap(({ check, message, range, focus }): Finding[] => {
    const { line } = range.start;
    const twin = twins[check];
    const isKnown = twin !== undefined && (known.has(`${twin} ${line}`) || isOff(twin, options));
    const isRepeat = check === 'MultipleInstructionsDisallowed';
    if (isKnown || isRepeat || isSilenced(check, range.start)) return [];
    const severity = options.severities.get(check) ?? 'warning';
    return [{ code: check, severity, message, line, column: 1, range: focus, fix: undefined }];
  });
  const details = syntaxErrorDetails(error);
  if (!error || (!details && error.message.startsWith('lint violation'))) return found;
  const line = details?.line ?? 1;
  const start = source.lineStart(line) + (details?.column ?? 1) - 1;
  if (isSilenced(bl1000.code, { offset: source.lineStart(line) })) return found;
  const range = source.range(start, start);
  const severity = options.severities.get(bl1000.code) ?? bl1000.severity;
  const message = details?.reason ?? error.message;
  const { code } = bl1000;
  return [
    ...found,
    { code, severity, message, line, column: range.start.column, range, fix: undefined },
  ];
}

/** Of images whose variables are known: without them nothing is unset for certain. */
function factsOf({ baseImages }: LintOptions): CheckInput['baseImages'] {
  const facts = [...baseImages].flatMap(([name, { environment, shell = [], triggers = [] }]) => {
    if (!environment) return [];
    return [[name, { environment, hasShell: shell.length > 0, triggers }] as const];
  });
  return new Map(facts);
}

function isOff(code: string, { ignored }: LintOptions): boolean {
  return ignored.has(code);
}
