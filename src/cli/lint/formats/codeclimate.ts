import { createHash } from 'node:crypto';
import type { Finding, Severity } from '../../../dockerfile/index.ts';
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
    const fingerprint = createHash('sha1').update(JSON.stringify(issue)).digest('hex');
    return { ...issue, fingerprint };
  });
  return `${shownJson(issues)}\n`;
};

function issuesOf(reports: readonly FileReport[], { pathInReport }: FormatOptions): object[] {
  return reports.flatMap(({ name, findings }) =>
    findings.map((finding) => issueOf(finding, pathInReport ?? name)),
  );
}

function issueOf({ code, message, line, range, severity }: Finding, path: string): object {
  const end = Math.max(line, code.startsWith('SC') ? range.end.line : line);
  return {
    type: 'issue',
    check_name: code,
    description: message,
    categories: ['Bug Risk'],
    location: { path, lines: { begin: line, end } },
    severity: levels[severity],
  };
}
