import type { Finding } from '../../../dockerfile/index.ts';
import type { Formatter } from '../report.ts';
import { shownXml } from '../shown.ts';

/** JUnit's XML: a suite for each file, a failed test case for each finding. */
export const junit: Formatter = (reports, { pathInReport, now }) => {
  const time = now.toISOString().slice(0, 19);
  const suites = reports.map(({ name, findings }) => {
    const path = pathInReport ?? name;
    const errors = findings.filter(({ code }) => code === 'DL1000').length;
    const cases = findings.map((finding) => testCase(finding, path)).join('');
    const counts = `tests="${findings.length}" errors="${errors}" failures="${findings.length - errors}"`;
    return `<testsuite name="${shownXml(path)}" id="berth-lint" ${counts} timestamp="${time}">${cases}</testsuite>`;
  });
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  return `${head}<testsuites name="berth lint">${suites.join('')}</testsuites>\n`;
};

function testCase({ code, severity, message, line, column }: Finding, path: string): string {
  const element = code === 'DL1000' ? 'error' : 'failure';
  const body = `File: ${path}\nLine: ${line}\nColumn: ${column}\n${severity}: ${message}\n`;
  const attributes = `id="${shownXml(code)}" message="${shownXml(message)}" type="${severity}"`;
  const inner = body.split('\n').map(shownXml).join('\n');
  return `<testcase name="${shownXml(code)}" classname="berth.lint.${shownXml(code)}"><${element} ${attributes}>${inner}</${element}></testcase>`;
}
