import type { Formatter } from '../report.ts';
import { shownJson } from '../shown.ts';

/** One array of `{file, line, column, level, code, message}`. */
export const json: Formatter = (reports) => {
  const items = reports.flatMap(({ name: file, findings }) =>
    findings.map(({ code, column, severity: level, line, message }) => ({
      code,
      column,
      file,
      level,
      line,
      message,
    })),
  );
  return `${shownJson(items)}\n`;
};
