import type { EscapeToken } from './directives.ts';
import type { LogicalLine } from './logical-line.ts';
import type { SourceRange } from './position.ts';
import { isBlank, skipSpace, trimSpaceEnd } from './space.ts';
import type { Word } from './word.ts';

/** One `--name=value` before an instruction's arguments, quotes and escapes already resolved. */
export interface Flag {
  /** Without its dashes. */
  readonly name: string;
  /** Undefined when no `=` was written. */
  readonly value: string | undefined;
  readonly range: SourceRange;
  readonly nameRange: SourceRange;
  /** The value as written; empty, after the name, when there is none. */
  readonly valueRange: SourceRange;
}

/** An instruction cut into its three parts, on its logical line or a stretch of it. */
export interface CommandText {
  readonly line: LogicalLine;
  readonly escapeToken: EscapeToken;
  readonly keyword: Word;
  readonly flags: readonly Flag[];
  /** Bounds in the logical line of the instruction and of its arguments, trimmed. */
  readonly start: number;
  readonly argsStart: number;
  readonly end: number;
}

/** Cuts `line` from `from` on into keyword, flags and arguments; nothing in it is judged. */
export function commandText(
  line: LogicalLine,
  from: number,
  escapeToken: EscapeToken,
): CommandText {
  const { text } = line;
  const end = trimSpaceEnd(text, from, text.length);
  const start = skipSpace(text, from, end);
  let keywordEnd = start;
  while (keywordEnd < end && !isBlank(text.charCodeAt(keywordEnd))) keywordEnd++;
  const flags: Flag[] = [];
  let at = keywordEnd;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  for (;;) {
    at = skipAsciiSpace(text, at, end);
    if (!text.startsWith('--', at) || at + 2 > end) break;
    const flag = readFlag(line, { start: at, end, escapeToken });
    at = flag.end;
    if (flag.text === '--') break;
    flags.push(toFlag(line, flag));
  }
  const argsStart = skipSpace(text, at, end);
  return {
    line,
    escapeToken,
    keyword: line.word(start, keywordEnd),
    flags,
    start,
    argsStart,
    end: Math.max(end, argsStart),
  };
}

/** Only these end a flag; the wider Unicode spaces count as its text. */
function isAsciiSpace(code: number): boolean {
  return code === 10 || isBlank(code);
}

function skipAsciiSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isAsciiSpace(text.charCodeAt(at))) at++;
  return at;
}

interface RawFlag {
  readonly start: number;
  readonly end: number;
  /** With quotes and escapes resolved. */
  readonly text: string;
}

function readFlag(
  { text }: LogicalLine,
  { start, end, escapeToken }: { start: number; end: number; escapeToken: EscapeToken },
): RawFlag {
  let out = '';
  let quote = '';
  let at = start;
  for (; at < end; at++) {
    let character = text[at]!;
    if (quote === '' && isAsciiSpace(character.charCodeAt(0))) break;
    if (quote === '' ? character === "'" || character === '"' : character === quote) {
      quote = quote === '' ? character : '';
      continue;
    }
    if (character === escapeToken) {
      at++;
      if (at >= end) break;
      character = text[at]!;
    }
    out += character;
  }
  return { start, end: Math.min(at, end), text: out };
}

function toFlag(line: LogicalLine, { start, end, text }: RawFlag): Flag {
  const equals = text.indexOf('=');
  const writtenEquals = line.text.indexOf('=', start);
  const hasValue = equals >= 0 && writtenEquals >= 0 && writtenEquals < end;
  const nameEnd = hasValue ? writtenEquals : end;
  return {
    name: equals < 0 ? text.slice(2) : text.slice(2, equals),
    value: equals < 0 ? undefined : text.slice(equals + 1),
    range: line.range(start, end),
    nameRange: line.range(start, nameEnd),
    valueRange: line.range(hasValue ? writtenEquals + 1 : end, end),
  };
}
