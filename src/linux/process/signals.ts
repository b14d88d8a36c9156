import { constants } from 'node:os';
import { invalid } from '../../core/index.ts';

/** Real-time signals as Docker names them: RTMIN+n and RTMAX-n. */
const realTimeFirst = 34;
const realTimeLast = 64;

const numbers = new Map<string, number>(
  Object.entries(constants.signals).map(([name, number]) => [name.slice(3), number]),
);
for (let number = realTimeFirst; number <= realTimeLast; number++) {
  const fromFirst = number - realTimeFirst;
  const fromLast = realTimeLast - number;
  if (fromFirst <= 15) numbers.set(fromFirst === 0 ? 'RTMIN' : `RTMIN+${fromFirst}`, number);
  else numbers.set(fromLast === 0 ? 'RTMAX' : `RTMAX-${fromLast}`, number);
}

/** The number of a signal given as `SIGTERM`, `term` or `15`. Throws `invalid` in Docker's words. */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= realTimeLast) return number;
  }
  const number = numbers.get(text.toUpperCase().replace(/^SIG/, ''));
  if (number === undefined) throw invalid(`Invalid signal: ${text}`);
  return number;
}
