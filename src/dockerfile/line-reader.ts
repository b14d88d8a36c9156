import { type Directive, directiveReader, type EscapeToken } from './directives.ts';
import { type LogicalLine, logicalLineBuilder } from './logical-line.ts';
import { type PhysicalLines, physicalLines } from './physical-lines.ts';
import type { SourceRange, SourceText } from './position.ts';
import { skipSpace } from './space.ts';
import type { SyntaxFault } from './syntax-error.ts';

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

const tab = 9;
const space = 32;
const hash = 35;

/** Faults of lines and directives go to `report`, which may throw; reading then goes on. */
export function lineReader(source: SourceText, report: (fault: SyntaxFault) => void): LineReader {
  const { text } = source;
  const lines = physicalLines(source, report);
  const directives = directiveReader(source, report);
  const comments: Comment[] = [];
  let docComments: string[] = [];

  const addComment = (hashAt: number, end: number, insideInstruction: boolean): string => {
    const comment = text.slice(hashAt + 1, end).trim();
    comments.push({ text: comment, range: source.range(hashAt, end), insideInstruction });
    return comment;
  };

  const readStatement = (start: number, end: number): Statement => {
    const startLine = lines.number;
    const line = logicalLineBuilder(source);
    const emptyLines: number[] = [];
    const escapeCode = directives.escapeToken.charCodeAt(0);
    /** Takes a line's text and says whether the next one continues it. */
    const append = (from: number, to: number): boolean => {
      const continuedAt = continuationAt(text, { start: from, end: to, escapeCode });
      line.append(from, continuedAt ?? to);
      return continuedAt !== undefined;
    };
    let isContinued = append(start, end);
    while (isContinued) {
      const next = lines.next();
      if (!next) break;
      const first = skipSpace(text, next.start, next.end);
      if (first === next.end) emptyLines.push(lines.number);
      else if (text.charCodeAt(first) === hash) addComment(first, next.end, true);
      else isContinued = append(next.start, next.end);
    }
    const above = docComments;
    docComments = [];
    const endLine = lines.number;
    return { line: line.finish(), startLine, endLine, comments: above, emptyLines };
  };

  const next = (): Statement | undefined => {
    for (let bounds = lines.next(); bounds; bounds = lines.next()) {
      const { end } = bounds;
      const start = skipSpace(text, bounds.start, end);
      if (directives.read(start, end) || start === end) continue;
      if (text.charCodeAt(start) !== hash) return readStatement(start, end);
      const comment = addComment(start, end, false);
      if (comment === '') docComments = [];
      else docComments.push(comment);
    }
    return undefined;
  };

  return {
    get escapeToken() {
      return directives.escapeToken;
    },
    directives: directives.directives,
    comments,
    next,
    heredocBody: (name, stripTabs) => heredocBody(lines, text, { name, stripTabs }),
  };
}

/** Where a line's text ends before the token that continues it; undefined when nothing does. */
function continuationAt(
  text: string,
  { start, end, escapeCode }: { start: number; end: number; escapeCode: number },
): number | undefined {
  let at = end - 1;
  while (at >= start && (text.charCodeAt(at) === space || text.charCodeAt(at) === tab)) at--;
  if (at < start || text.charCodeAt(at) !== escapeCode) return undefined;
  return at > start && text.charCodeAt(at - 1) === escapeCode ? undefined : at;
}

function heredocBody(
  lines: PhysicalLines,
  text: string,
  { name, stripTabs }: { name: string; stripTabs: boolean },
): HeredocBody | undefined {
  const contentStart = lines.nextStart();
  for (let bounds = lines.next(); bounds; bounds = lines.next()) {
    const { end } = bounds;
    let { start } = bounds;
    while (stripTabs && start < end && text.charCodeAt(start) === tab) start++;
    if (end - start === name.length && text.startsWith(name, start)) {
      const contentEnd = bounds.start;
      return { contentStart, contentEnd, terminatorStart: start, terminatorEnd: end };
    }
  }
  return undefined;
}
