import type { Severity } from '../../../dockerfile/lint/index.ts';
import type { Formatter } from '../report.ts';
import { shown } from '../shown.ts';

const colors: Readonly<Record<Severity, string>> = {
  error: '\x1b[1;91m',
  warning: '\x1b[1;93m',
  info: '\x1b[92m',
  style: '\x1b[96m',
};

/** One line a finding: `file:line code severity: message`; of a syntax error the column too. */
export const tty: Formatter = (reports, { color }) =>
  reports
    .flatMap(({ name, findings }) =>
      findings.map(({ line, column, code, severity, message }) => {
        const level = color ? `${colors[severity]}${severity}\x1b[0m` : severity;
        const place = code === 'DL1000' ? `${line}:${column}` : line;
        return `${shown(name)}:${place} ${code} ${level}: ${shown(message)}\n`;
      }),
    )
    .join('');
