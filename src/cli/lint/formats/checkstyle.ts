import type { Formatter } from '../report.ts';
import { shownXml } from '../shown.ts';

/** Checkstyle's XML, which many build servers read. */
export const checkstyle: Formatter = (reports, { pathInReport }) => {
  const files = reports.map(({ name, findings }) => {
    const errors = findings.map(
      ({ line, column, severity, message, code }) =>
        `<error line="${line}" column="${column}" severity="${severity}" message="${shownXml(message)}" source="${shownXml(code)}"/>`,
    );
    return `<file name="${shownXml(pathInReport ?? name)}">${errors.join('')}</file>`;
  });
  const head = '<?xml version="1.0" encoding="UTF-8"?>';
  return `${head}<checkstyle version="4.3">${files.join('')}</checkstyle>\n`;
};
