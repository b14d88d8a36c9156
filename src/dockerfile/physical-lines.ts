import type { SourceText } from './position.ts';
import { SyntaxFault } from './syntax-error.ts';

/** Bounds of a physical line in the source, its ending not counted. */
export interface LineBounds {
  readonly start: number;
  readonly end: number;
}

/** Goes through a file line by line. */
export interface PhysicalLines {
  /** The number of the line read last; 0 before the first. */
  readonly number: number;
  /** The next line, or undefined at the end. */
  next(): LineBounds | undefined;
  /** Where the next line starts, or the end of the text. */
  nextStart(): number;
}

/** Bytes in a line beyond which BuildKit refuses to read it. */
const maxLineBytes = 65_535;
/** A UTF-16 unit takes at most this many bytes in UTF-8. */
const maxUnitBytes = 3;

/** A line that is too long goes to `report`, which may throw; reading then goes on. */
export function physicalLines(
  source: SourceText,
  report: (fault: SyntaxFault) => void,
): PhysicalLines {
  const { text, lineCount } = source;
  let number = 0;
  return {
    get number() {
      return number;
    },
    next() {
      if (number >= lineCount) return undefined;
      number++;
      const start = source.lineStart(number);
      const end = source.lineEnd(number);
      if (isTooLong(text, start, end)) {
        const message = `dockerfile line greater than max allowed size of ${maxLineBytes}`;
        report(new SyntaxFault(message, source.range(start, end)));
      }
      return { start, end };
    },
    nextStart: () => (number < lineCount ? source.lineStart(number + 1) : text.length),
  };
}

function isTooLong(text: string, start: number, end: number): boolean {
  if ((end - start) * maxUnitBytes <= maxLineBytes) return false;
  return Buffer.byteLength(text.slice(start, end)) > maxLineBytes;
}
