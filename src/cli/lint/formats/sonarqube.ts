import type { Finding, Severity } from '../../../dockerfile/lint/index.ts';
import type { Formatter } from '../report.ts';
import { shownJson } from '../shown.ts';

const levels: Readonly<Record<Severity, string>> = {
  error: 'CRITICAL',
  warning: 'MAJOR',
  info: 'MINOR',
  style: 'INFO',
};

/** SonarQube's generic import format for issues. */
export const sonarqube: Formatter = (reports, { pathInReport }) => {
  const issues = reports.flatMap(({ name, findings }) =>
    findings.map((finding) => issueOf(finding, pathInReport ?? name)),
  );
  return `${shownJson({ issues })}\n`;
};

/** Columns are from 0 there, and a place beyond the end of a line is refused. */
function issueOf(finding: Finding, filePath: string): object {
  const { code, message, line, severity } = finding;
  const column = code === 'DL1000' ? 1 : finding.column;
  return {
    engineId: 'Berth',
    ruleId: code,
    severity: code === 'DL1000' ? 'BLOCKER' : levels[severity],
    type: severity === 'error' ? 'BUG' : 'CODE_SMELL',
    primaryLocation: {
      message,
      filePath,
      textRange: { startLine: line, endLine: line, startColumn: column - 1, endColumn: column },
    },
  };
}
