import type { Formatter } from '../report.ts';
import { shown } from '../shown.ts';

/** The form that GNU's coding standards give to error messages of programs. */
export const gnu: Formatter = (reports) =>
  reports
    .flatMap(({ name, findings }) =>
      findings.map(({ line, column, code, severity, message }) => {
        const place = code === 'DL1000' ? `${line}:${column}` : line;
        return `berth:${shown(name)}:${place}: ${code} ${severity}: ${shown(message)}\n`;
      }),
    )
    .join('');
