import type { StepFailureDetails } from '../../../build/index.ts';

type PlaceDetails = Pick<StepFailureDetails, 'line' | 'endLine' | 'fileName' | 'excerpt'>;

const rule = '--------------------';
const mostShown = 400;

/** The lines of the Dockerfile an error is about, among their neighbours, as BuildKit shows them. */
export function placeText(details: Partial<PlaceDetails>): string | undefined {
  const { excerpt, line, endLine = line, fileName = 'Dockerfile' } = details;
  if (!excerpt || !line || !endLine) return undefined;
  const rows = excerpt.lines.map((text, index) => {
    const number = excerpt.firstLine + index;
    const mark = number >= line && number <= endLine ? '>>>' : '   ';
    // What a file holds may not steer the terminal that shows it.
    const shown = text.replace(/[\x00-\x1f\x7f-\x9f]/g, ' ').slice(0, mostShown);
    return `${String(number).padStart(4)} | ${mark} ${shown}`;
  });
  return [`${fileName}:${line}`, rule, ...rows, rule].join('\n');
}
