import { type Directive, directiveReader, type EscapeToken, escapeTokenOf } from './directives.ts';
import { type LogicalLine, logicalLineBuilder } from './logical-line.ts';
import type { SourceRange, SourceText } from './position.ts';
import { skipSpace } from './space.ts';
import { SyntaxFault } from './syntax-error.ts';

/** A comment line: `text` is what follows the `#`, trimmed. */
export interface Comment {
  readonly text: string;
  readonly range: SourceRange;
  /** Whether it stands between the continuation lines of an instruction. */
  readonly insideInstruction: boolean;
}

/** The logical line of one instruction, before anything in it is understood. */
export interface Statement {
  readonly line: LogicalLine;
  readonly startLine: number;
  /** The last line read for it, here-documents not counted. */
  readonly endLine: number;
  /** The comments right above, nearest last; an empty comment line cuts them off. */
  readonly comments: readonly string[];
  /** Numbers of the empty lines between its continuation lines. */
  readonly emptyLines: readonly number[];
}

/** The body of a here-document: offsets of its content, and of the line that ended it. */
export interface HeredocBody {
  readonly contentStart: number;
  readonly contentEnd: number;
  readonly terminatorStart: number;
  readonly terminatorEnd: number;
}

/** Turns physical lines into statements, keeping comments and directives by the way. */
export interface LineReader {
  readonly escapeToken: EscapeToken;
  readonly directives: readonly Directive[];
  readonly comments: readonly Comment[];
  next(): Statement | undefined;
  /** Reads on to the line that is `name`, or gives undefined at the end of the file. */
  heredocBody(name: string, stripTabs: boolean): HeredocBody | undefined;
}

/** Bytes in a line, its ending not counted, beyond which BuildKit refuses to read it. */
const maxLineBytes = 65_535;

const tab = 9;
const space = 32;
const hash = 35;

/** Faults of lines and directives go to `report`, which may throw; reading then goes on. */
export function lineReader(source: SourceText, report: (fault: SyntaxFault) => void): LineReader {
  const { text } = source;
  const reader = directiveReader(source);
  const directives: Directive[] = [];
  const comments: Comment[] = [];
  let escapeToken: EscapeToken = '\\';
  let escapeCode = escapeToken.charCodeAt(0);
  let directivesDone = false;
  let line = 0;
  let docComments: string[] = [];

  /** Moves to the next physical line: its bounds, or undefined at the end. */
  const advance = (): { start: number; end: number } | undefined => {
    if (line >= source.lineCount) return undefined;
    line++;
    const start = source.lineStart(line);
    const end = source.lineEnd(line);
    if ((end - start) * 3 > maxLineBytes && isTooLong(text, start, end)) {
      const message = `dockerfile line greater than max allowed size of ${maxLineBytes}`;
      report(new SyntaxFault(message, source.range(start, end)));
    }
    return { start, end };
  };

  const addComment = (hashAt: number, end: number, insideInstruction: boolean): string => {
    const comment = text.slice(hashAt + 1, end).trim();
    comments.push({ text: comment, range: source.range(hashAt, end), insideInstruction });
    return comment;
  };

  const readDirective = (start: number, end: number): boolean => {
    if (directivesDone) return false;
    try {
      const directive = reader.read(text.slice(start, end), start);
      if (!directive) {
        directivesDone = true;
        return false;
      }
      directives.push(directive);
      if (directive.name === 'escape') {
        escapeToken = escapeTokenOf(directive);
        escapeCode = escapeToken.charCodeAt(0);
      }
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      report(error);
    }
    return true;
  };

  /** Where a line's text ends before the token that continues it, or -1 when nothing does. */
  const continuationAt = (start: number, end: number): number => {
    let at = end - 1;
    while (at >= start && (text.charCodeAt(at) === space || text.charCodeAt(at) === tab)) at--;
    if (at < start || text.charCodeAt(at) !== escapeCode) return -1;
    return at > start && text.charCodeAt(at - 1) === escapeCode ? -1 : at;
  };

  const readContinuations = (append: (start: number, end: number) => void): number[] => {
    const emptyLines: number[] = [];
    for (let bounds = advance(); bounds; bounds = advance()) {
      const { start, end } = bounds;
      const first = skipSpace(text, start, end);
      if (first === end) {
        emptyLines.push(line);
      } else if (text.charCodeAt(first) === hash) {
        addComment(first, end, true);
      } else {
        const continued = continuationAt(start, end);
        append(start, continued >= 0 ? continued : end);
        if (continued < 0) break;
      }
    }
    return emptyLines;
  };

  const readStatement = (start: number, end: number): Statement => {
    const startLine = line;
    const builder = logicalLineBuilder(source);
    const continued = continuationAt(start, end);
    builder.append(start, continued >= 0 ? continued : end);
    const emptyLines = continued >= 0 ? readContinuations(builder.append) : [];
    const statement = {
      line: builder.finish(),
      startLine,
      endLine: line,
      comments: docComments,
      emptyLines,
    };
    docComments = [];
    return statement;
  };

  const next = (): Statement | undefined => {
    for (let bounds = advance(); bounds; bounds = advance()) {
      const { end } = bounds;
      const start = skipSpace(text, bounds.start, end);
      const isDirective = readDirective(start, end);
      if (start === end) continue;
      if (text.charCodeAt(start) !== hash) return readStatement(start, end);
      if (isDirective) continue;
      const comment = addComment(start, end, false);
      if (comment === '') docComments = [];
      else docComments.push(comment);
    }
    return undefined;
  };

  const heredocBody = (name: string, stripTabs: boolean): HeredocBody | undefined => {
    const contentStart = line < source.lineCount ? source.lineStart(line + 1) : text.length;
    for (let bounds = advance(); bounds; bounds = advance()) {
      const { end } = bounds;
      let { start } = bounds;
      while (stripTabs && start < end && text.charCodeAt(start) === tab) start++;
      if (end - start === name.length && text.startsWith(name, start)) {
        return {
          contentStart,
          contentEnd: bounds.start,
          terminatorStart: start,
          terminatorEnd: end,
        };
      }
    }
    return undefined;
  };

  return {
    get escapeToken() {
      return escapeToken;
    },
    directives,
    comments,
    next,
    heredocBody,
  };
}

function isTooLong(text: string, start: number, end: number): boolean {
  return Buffer.byteLength(text.slice(start, end)) > maxLineBytes;
}
