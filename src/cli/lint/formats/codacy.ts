import type { Formatter } from '../report.ts';
import { shownJson } from '../shown.ts';

/** One JSON object a line, as Codacy's tools write their results. */
export const codacy: Formatter = (reports) =>
  reports
    .flatMap(({ name: filename, findings }) =>
      findings.map(
        ({ line, message, code: patternId }) =>
          `${shownJson({ filename, line, message, patternId })}\n`,
      ),
    )
    .join('');
