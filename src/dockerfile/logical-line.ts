import type { SourceRange, SourceText } from './position.ts';
import type { Word } from './word.ts';

/** An instruction's line, its continuations joined, that still knows where each character stood. */
export interface LogicalLine {
  readonly text: string;
  readonly source: SourceText;
  range(start: number, end: number): SourceRange;
  /** The word at [start, end); `text` replaces the raw text where the two differ. */
  word(start: number, end: number, text?: string): Word;
}

/** One physical stretch of a logical line: it starts at `at` there and at `offset` in the source. */
interface Segment {
  readonly at: number;
  readonly offset: number;
}

/** Gathers the physical stretches of one instruction. */
export interface LogicalLineBuilder {
  append(start: number, end: number): void;
  finish(): LogicalLine;
}

export function logicalLineBuilder(source: SourceText): LogicalLineBuilder {
  const segments: Segment[] = [];
  const parts: string[] = [];
  let length = 0;
  return {
    append(start, end) {
      if (end <= start && segments.length > 0) return;
      segments.push({ at: length, offset: start });
      parts.push(source.text.slice(start, end));
      length += end - start;
    },
    finish: () => logicalLine(source, parts.join(''), segments),
  };
}

function logicalLine(source: SourceText, text: string, segments: Segment[]): LogicalLine {
  const offsetOf = (at: number): number => {
    let low = 0;
    let high = segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (segments[middle]!.at <= at) low = middle;
      else high = middle - 1;
    }
    const segment = segments[low]!;
    return segment.offset + (at - segment.at);
  };
  // The end of a word that closes a physical line stands there, not at the start of the next one.
  const range = (start: number, end: number): SourceRange =>
    source.range(offsetOf(start), end > start ? offsetOf(end - 1) + 1 : offsetOf(start));
  return {
    text,
    source,
    range,
    word: (start, end, wordText = text.slice(start, end)) => ({
      text: wordText,
      range: range(start, end),
    }),
  };
}
