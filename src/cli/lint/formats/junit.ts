import type { Finding } from '../../../dockerfile/lint/index.ts';
import type { Formatter } from '../report.ts';
import { shownXml } from '../shown.ts';

/** Linting has no duration worth a figure; some readers want one. */
const time = 'time="0.001"';

/** JUnit's XML: a suite for each file, a failed test case for each finding. */
export const junit: Formatter = (reports, { pathInReport, now }) => {
  const [day = '', hour = ''] = now.toISOString().slice(0, 19).split('T');
  const suites = reports.map(({ name, findings }) => {
    const path = pathInReport ?? name;
    const errors = findings.filter(({ code }) => code === 'DL1000').length;
    const cases = findings.map((finding) => testCase(finding, path)).join('');
    const counts = `errors="${errors}" failures="${findings.length}" id="berth-lint" name="${shownXml(path)}" tests="${findings.length}"`;
    return `<testsuite ${counts} ${time}>${cases}</testsuite>`;
  });
  const id = `${day}_${hour}`.replace(/[-:]/g, '');
  const head = `<?xml version="1.0" encoding="UTF-8"?><testsuites id="${id}" name="berth lint at ${day} ${hour}" ${time}>`;
  return `${head}${suites.join('')}</testsuites>\n`;
};

function testCase({ code, severity, message, line, column }: Finding, path: string): string {
  const isError = code === 'DL1000';
  const id = `berth-lint.${isError ? 'error' : `rule.${shownXml(code)}`}`;
  const lines = [`File: ${path}`, `Line: ${line}`, `Column: ${column}`, `${severity}: ${message}`];
  const attributes = `id="${shownXml(code)}" message="${shownXml(message)}" type="${severity}"`;
  const inner = lines.map((text) => `${shownXml(text)}\n`).join('');
  return `<testcase classname="${shownXml(path)}" id="${id}" name="${shownXml(code)}" ${time}><failure ${attributes}>${inner}</failure></testcase>`;
}
