import type { Position, SourceRange } from './position.ts';

/** A piece of an instruction: its text with continuation lines joined, and where it stands. */
export interface Word {
  /** As written, quotes and escapes kept, variables not yet replaced. */
  readonly text: string;
  readonly range: SourceRange;
}

/**
 * Where `text[start, end)` of a word stands; the whole word when quotes, escapes or line breaks make
 * its text differ from the source.
 */
export function rangeInWord({ text, range }: Word, start: number, end: number): SourceRange {
  const { line, column, offset } = range.start;
  const isVerbatim = range.end.line === line && range.end.offset - offset === text.length;
  if (!isVerbatim) return range;
  const at = (index: number): Position => ({
    line,
    column: column + index,
    offset: offset + index,
  });
  return { start: at(start), end: at(end) };
}
