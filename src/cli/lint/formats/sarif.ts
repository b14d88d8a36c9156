import { allRules, type Finding, type Severity } from '../../../dockerfile/lint/index.ts';
import type { Formatter } from '../report.ts';
import { shownJson } from '../shown.ts';

const levels: Readonly<Record<Severity, string>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
  style: 'note',
};

/** SARIF 2.1.0, which code scanning services read. */
export const sarif: Formatter = (reports, { pathInReport }) => {
  const results = reports.flatMap(({ name, findings }) =>
    findings.map((finding) => resultOf(finding, pathInReport ?? name)),
  );
  const codes = new Set(reports.flatMap(({ findings }) => findings.map(({ code }) => code)));
  const rules = allRules
    .filter(({ code }) => codes.has(code))
    .map(({ code: id, title, documentation }) => ({
      id,
      shortDescription: { text: title },
      help: { text: documentation, markdown: documentation },
    }));
  const driver = {
    name: 'Berth',
    fullName: 'berth lint',
    shortDescription: { text: 'Linter for Dockerfiles and the shell code in them' },
    rules,
  };
  return `${shownJson({
    $schema: 'http://json.schemastore.org/sarif-2.1.0',
    version: '2.1.0',
    runs: [{ tool: { driver }, results, defaultSourceLanguage: 'dockerfile' }],
  })}\n`;
};

function resultOf({ code, severity, message, line, column, range }: Finding, uri: string): object {
  const isExact = range.start.line === line && range.start.column === column;
  const end = isExact ? range.end : { line, column };
  const region = {
    startLine: line,
    startColumn: column,
    endLine: end.line,
    endColumn: end.column,
    sourceLanguage: code.startsWith('SC') ? 'sh' : 'dockerfile',
  };
  return {
    ruleId: code,
    level: levels[severity],
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(uri) }, region } }],
  };
}

/** A path as SARIF wants it: each part percent-encoded. */
function uriOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
