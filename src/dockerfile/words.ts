import type { EscapeToken } from './directives.ts';
import type { LogicalLine } from './logical-line.ts';
import { isBlank, isSpace, skipSpace } from './space.ts';
import { SyntaxFault } from './syntax-error.ts';
import type { Word } from './word.ts';

/** A stretch of a logical line. */
export interface Stretch {
  readonly line: LogicalLine;
  readonly start: number;
  readonly end: number;
}

/** The arguments between blanks, quotes meaning nothing: EXPOSE, FROM, and COPY when not JSON. */
export function blankSeparated({ line, start, end }: Stretch): Word[] {
  const { text } = line;
  const words: Word[] = [];
  for (let at = start; at < end; ) {
    const wordStart = at;
    while (at < end && !isBlank(text.charCodeAt(at))) at++;
    words.push(line.word(wordStart, at));
    while (at < end && isBlank(text.charCodeAt(at))) at++;
  }
  return words;
}

/** A word of ENV, LABEL or ARG: its bounds in the logical line, and its text. */
export interface QuotedWord {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The words of ENV, LABEL and ARG: white space inside quotes or after an escape does not split. */
export function quotedWords({ line, start, end }: Stretch, escapeToken: EscapeToken): QuotedWord[] {
  const { text } = line;
  const words: QuotedWord[] = [];
  for (let at = skipSpace(text, start, end); at < end; at = skipSpace(text, at, end)) {
    const found = quotedWordEnd(text, { start: at, end, escapeToken });
    const wordEnd = found.endsOnEscape ? found.at - 1 : found.at;
    if (wordEnd > at) words.push({ start: at, end: wordEnd, text: text.slice(at, wordEnd) });
    at = found.at;
  }
  return words;
}

function quotedWordEnd(
  text: string,
  { start, end, escapeToken }: { start: number; end: number; escapeToken: EscapeToken },
): { at: number; endsOnEscape: boolean } {
  let quote = '';
  for (let at = start; at < end; at++) {
    const character = text[at]!;
    if (quote === '' && isSpace(character.charCodeAt(0))) return { at, endsOnEscape: false };
    if (character === escapeToken && quote !== "'") {
      // An escape with nothing after it is dropped.
      if (at + 1 === end) return { at: end, endsOnEscape: true };
      at++;
    } else if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '"' || character === "'") {
      quote = character;
    }
  }
  return { at: end, endsOnEscape: false };
}

/** The strings of a JSON array, or undefined when it is none and so means a shell command. */
export function jsonWords({ line, start, end }: Stretch): Word[] | undefined {
  const { text } = line;
  const open = skipSpace(text, start, end);
  if (text[open] !== '[') return undefined;
  let values: unknown;
  try {
    values = JSON.parse(text.slice(open, end));
  } catch {
    return undefined;
  }
  const words: Word[] = [];
  let at = open + 1;
  for (const value of values as unknown[]) {
    if (typeof value !== 'string') {
      throw new SyntaxFault(
        'when using JSON array syntax, arrays must be comprised of strings only',
        line.range(open, end),
      );
    }
    const stringStart = text.indexOf('"', at);
    at = jsonStringEnd(text, stringStart);
    words.push(line.word(stringStart, at, value));
  }
  return words;
}

/** After the closing quote of the JSON string that opens at `start` and is known to be whole. */
function jsonStringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
