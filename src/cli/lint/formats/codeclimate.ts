import { createHash } from 'node:crypto';
import type { Finding, Severity } from '../../../dockerfile/lint/index.ts';
import type { FileReport, FormatOptions, Formatter } from '../report.ts';
import { shownJson } from '../shown.ts';

const levels: Readonly<Record<Severity, string>> = {
  error: 'blocker',
  warning: 'major',
  info: 'info',
  style: 'minor',
};

/** Objects of Code Climate's engine specification, each with a zero byte after it. */
export const codeclimate: Formatter = (reports, options) =>
  issuesOf(reports, options)
    .map((issue) => `${shownJson(issue)}\0`)
    .join('');

/** One array of the same with fingerprints, as GitLab's code quality report wants it. */
export const gitlabCodeclimate: Formatter = (reports, options) => {
  const issues = issuesOf(reports, options).map((issue) => {
    const { categories, check_name, description, ...rest } = issue;
    const fingerprint = createHash('sha1').update(JSON.stringify(issue)).digest('hex');
    return { categories, check_name, description, fingerprint, ...rest };
  });
  return `${shownJson(issues)}\n`;
};

interface Issue {
  readonly categories: readonly string[];
  readonly check_name: string;
  readonly description: string;
  readonly location: object;
  readonly severity: string;
  readonly type: 'issue';
}

function issuesOf(reports: readonly FileReport[], { pathInReport }: FormatOptions): Issue[] {
  return reports.flatMap(({ name, findings }) =>
    findings.map((finding) => issueOf(finding, pathInReport ?? name)),
  );
}

/** Its keys stand in the order of the alphabet, so that fingerprints are those of hadolint. */
function issueOf(finding: Finding, path: string): Issue {
  const { code, message, line, column, range, severity } = finding;
  const end = Math.max(line, code.startsWith('SC') ? range.end.line : line);
  const position = { column, line };
  return {
    categories: ['Bug Risk'],
    check_name: code,
    description: message,
    location:
      code === 'DL1000'
        ? { path, positions: { begin: position, end: position } }
        : { lines: { begin: line, end }, path },
    severity: levels[severity],
    type: 'issue',
  };
}
