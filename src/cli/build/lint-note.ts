import { errorMessage } from '../../core/index.ts';
import type { LintInput } from '../lint/lint-files.ts';

/**
 * What the linter has to say of a Dockerfile that is built: with `whole` its findings, else one line
 * that says how many there are, or nothing. BuildKit's checks are left out, for the builder tells of
 * them. The linter is loaded only here.
 */
export async function lintNote(
  input: LintInput,
  options: { whole: boolean; color: boolean },
): Promise<string> {
  try {
    return await noteOf(input, options);
  } catch (error) {
    // No reason not to build.
    return `lint: ${errorMessage(error)}\n`;
  }
}

async function noteOf(
  input: LintInput,
  { whole, color }: { whole: boolean; color: boolean },
): Promise<string> {
  const [{ readConfig }, { lintFiles }, { shellcheckRunner }, { countFailing }] = await Promise.all(
    [
      import('../lint/run-lint.ts'),
      import('../lint/lint-files.ts'),
      import('../lint/run-shellcheck.ts'),
      import('../lint/exit-status.ts'),
    ],
  );
  const { options, failureThreshold } = await readConfig();
  const { reports } = await lintFiles([input], {
    options,
    shellcheck: whole ? shellcheckRunner() : undefined,
    buildChecks: false,
  });
  if (whole) {
    const { formatters } = await import('../lint/formats/formatters.ts');
    return formatters.tty(reports, { color, pathInReport: undefined, now: new Date() });
  }
  const count = countFailing(reports, failureThreshold);
  if (count === 0) return '';
  const findings = count === 1 ? '1 finding' : `${count} findings`;
  return `lint: ${findings} in ${input.name}; see them with --lint, or berth lint\n`;
}
