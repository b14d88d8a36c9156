/** A point in the source. Line and column count from 1, columns and offset in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
  /** From 0, in the text without its byte-order mark. */
  readonly offset: number;
}

/** A stretch of source; `end` is the point after its last character. */
export interface SourceRange {
  readonly start: Position;
  readonly end: Position;
}

/** The text of a file, its lines found once. */
export interface SourceText {
  readonly text: string;
  readonly lineCount: number;
  /** Offset at which line `line` (from 1) starts. */
  lineStart(line: number): number;
  /** Offset after the last character of the line, its line ending not counted. */
  lineEnd(line: number): number;
  /** The line without its ending. */
  line(line: number): string;
  positionAt(offset: number): Position;
  range(start: number, end: number): SourceRange;
}

const newline = 10;
const carriageReturn = 13;

/** Indexes a text by line; `\n` and `\r\n` both end one. */
export function sourceText(text: string): SourceText {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  if (starts.length > 1 && starts.at(-1) === text.length) starts.pop();
  let lastIndex = 0;

  const indexOf = (offset: number): number => {
    // Lookups come in order of the text, so the last line or the one after it is nearly always right.
    if (starts[lastIndex]! <= offset) {
      const next = starts[lastIndex + 1];
      if (next === undefined || offset < next) return lastIndex;
      const afterNext = starts[lastIndex + 2];
      if (afterNext === undefined || offset < afterNext) return ++lastIndex;
    }
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    lastIndex = low;
    return low;
  };
  const positionAt = (offset: number): Position => {
    const index = indexOf(offset);
    return { line: index + 1, column: offset - starts[index]! + 1, offset };
  };
  const lineEnd = (line: number): number => {
    let end = line < starts.length ? starts[line]! : text.length;
    const start = starts[line - 1]!;
    while (end > start) {
      const code = text.charCodeAt(end - 1);
      if (code !== newline && code !== carriageReturn) break;
      end--;
    }
    return end;
  };

  return {
    text,
    lineCount: starts.length,
    lineStart: (line) => starts[line - 1]!,
    lineEnd,
    line: (line) => text.slice(starts[line - 1]!, lineEnd(line)),
    positionAt,
    range: (start, end) => ({ start: positionAt(start), end: positionAt(end) }),
  };
}
