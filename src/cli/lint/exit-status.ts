import { severities } from '../../dockerfile/lint/index.ts';
import type { LintConfig } from './lint-config.ts';
import type { FileReport } from './report.ts';

/**
 * 1 when a file cannot be parsed or a finding is at or above the threshold. 0 with `--no-fail` and
 * with the formats whose readers decide for themselves.
 */
export function lintExitStatus(
  reports: readonly FileReport[],
  { noFail, format, failureThreshold }: Pick<LintConfig, 'noFail' | 'format' | 'failureThreshold'>,
): 0 | 1 {
  if (noFail || format === 'codeclimate' || format === 'codacy') return 0;
  return countFailing(reports, failureThreshold) > 0 ? 1 : 0;
}

/** How many findings are at or above the threshold; a file that cannot be parsed always is. */
export function countFailing(
  reports: readonly FileReport[],
  failureThreshold: LintConfig['failureThreshold'],
): number {
  const mildest = severities.find((severity) => severity === failureThreshold);
  const failing = mildest ? severities.slice(0, severities.indexOf(mildest) + 1) : severities;
  return reports
    .flatMap(({ findings }) => findings)
    .filter(({ code, severity }) => code === 'DL1000' || failing.includes(severity)).length;
}
