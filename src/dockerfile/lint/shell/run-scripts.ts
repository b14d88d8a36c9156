import type { EscapeToken } from '../../directives.ts';
import type { Heredoc } from '../../heredoc.ts';
import type { RunInstruction } from '../../instruction.ts';
import type { SourceRange, SourceText } from '../../position.ts';
import { readScript } from './read-script.ts';
import type { ShellScript, ShellWord, SimpleCommand } from './shell-script.ts';

/**
 * What a RUN hands to shells: its line with the here-documents it names, or these alone when the line
 * is nothing else. Those that another shell reads as its input come after it.
 */
export function runScripts(
  run: RunInstruction,
  { source, escapeToken }: { source: SourceText; escapeToken: EscapeToken },
): ShellScript[] {
  const { words, form } = run.command;
  if (form === 'exec') return execScripts(run);
  const { heredocs } = run;
  if (words.length === 0 || isHeredocAlone(run)) return heredocs.flatMap((one) => inputScript(one));
  const { start, end } = run.args.range;
  const line = joinedLines(source.text, { start: start.offset, end: end.offset, escapeToken });
  if (heredocs.length === 0) return [readScript(line.text, line.sourceOffset)];
  const reader = readerOfInput(line.text);
  return [
    withHeredocs(line, heredocs, source.text),
    ...(reader ? heredocs.slice(-1).flatMap((last) => inputScript(last, reader)) : []),
  ];
}

function isHeredocAlone({ args, heredocs }: RunInstruction): boolean {
  return heredocs.length > 0 && /^\d*<<-?\s*\S+$/.test(args.text.trim());
}

const posixShell = /^(?:\S*\/)?(?:ba|da|k|a|z)?sh$/;

/** The words of a shell that gets a here-document as its input, `<<EOF bash -e` or `bash -e <<EOF`. */
function readerOfInput(line: string): readonly string[] | undefined {
  const words = line.split(/\s+/).filter((word) => word !== '' && !word.startsWith('<<'));
  const [program = '', ...options] = words;
  const areOptions = options.every((word) =>
    /^(?:-[A-Za-z]+|pipefail|errexit|nounset)$/.test(word),
  );
  return posixShell.test(program) && areOptions ? words : undefined;
}

const shellShebang = /^#!\s*(?:\S*\/env\s+(?:-S\s+)?)?((?:\S*\/)?(?:ba|da|k|a|z)?sh\b.*)/;

/** A here-document as a script; its own interpreter counts before the one that is given. */
function inputScript(
  { content, contentRange }: Heredoc,
  given?: readonly string[],
): readonly ShellScript[] {
  const { offset } = contentRange.start;
  const own = shellShebang.exec(content)?.[1]?.split(/\s+/);
  // What it is when it is for another interpreter is not for us.
  if (!given && !own && content.startsWith('#!')) return [];
  return [readScript(content, (at) => offset + at, { shell: given ?? own })];
}

/** The line as the shell gets it: with the text of its here-documents below. */
function withHeredocs(
  line: JoinedLines,
  heredocs: readonly Heredoc[],
  source: string,
): ShellScript {
  const start = heredocs[0]!.contentRange.start.offset;
  const bodies = source.slice(start, heredocs.at(-1)!.terminatorRange.end.offset);
  const from = line.text.length + 1;
  const sourceOffset = (at: number) => (at < from ? line.sourceOffset(at) : start + at - from);
  return readScript(`${line.text}\n${bodies}`, sourceOffset);
}

interface JoinedLines {
  readonly text: string;
  sourceOffset(at: number): number;
}

/** Source text with the Dockerfile's continuations joined and its comment lines left out. */
function joinedLines(
  text: string,
  { start, end, escapeToken }: { start: number; end: number; escapeToken: EscapeToken },
): JoinedLines {
  const firstBreak = text.indexOf('\n', start);
  if (firstBreak < 0 || firstBreak >= end) {
    return { text: text.slice(start, end), sourceOffset: (at) => start + at };
  }
  const parts: string[] = [];
  const at: number[] = [];
  const offsets: number[] = [];
  let length = 0;
  for (let from = start; from < end; ) {
    const newline = text.indexOf('\n', from);
    const lineEnd = newline < 0 || newline > end ? end : newline;
    const line = text.slice(from, lineEnd);
    const isComment = from > start && /^\s*#/.test(line);
    const kept = isComment ? '' : withoutContinuation(line, escapeToken);
    if (kept !== '') {
      parts.push(kept);
      at.push(length);
      offsets.push(from);
      length += kept.length;
    }
    from = lineEnd + 1;
  }
  return { text: parts.join(''), sourceOffset: (position) => lookUp(at, offsets, position) };
}

function withoutContinuation(line: string, escapeToken: EscapeToken): string {
  const trimmed = line.trimEnd();
  const continues = trimmed.endsWith(escapeToken) && !trimmed.endsWith(escapeToken.repeat(2));
  return continues ? trimmed.slice(0, -1) : line.replace(/\r$/, '');
}

function lookUp(at: readonly number[], offsets: readonly number[], position: number): number {
  let low = 0;
  let high = at.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (at[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return (offsets[low] ?? 0) + position - (at[low] ?? 0);
}

const shellProgram = /^(?:\/(?:usr\/)?(?:local\/)?bin\/)?(?:ba|da|k|a|z)?sh$/;

/** The command of the exec form, and the script in it when it is `sh -c script`. */
function execScripts(run: RunInstruction): ShellScript[] {
  const { words } = run.command;
  const outer = execScript(run);
  if (!shellProgram.test(words[0]?.text ?? '')) return [outer];
  const option = words.findIndex(({ text }, index) => index > 0 && /^-[a-z]*c[a-z]*$/.test(text));
  const word = option < 0 ? undefined : words[option + 1];
  if (!word) return [outer];
  const start = contentOffset(word.range, word.text);
  const isVerbatim = start > word.range.start.offset;
  const written = isVerbatim ? 'plain' : 'escaped';
  return [outer, readScript(word.text, (at) => (isVerbatim ? start + at : start), { written })];
}

/** Where the text of a JSON string begins: after its quote, unless escapes make it differ. */
function contentOffset({ start, end }: SourceRange, text: string): number {
  const isVerbatim = end.offset - start.offset === text.length + 2;
  return isVerbatim ? start.offset + 1 : start.offset;
}

/** The one command of the exec form, each of its strings a word. */
function execScript({ command }: RunInstruction): ShellScript {
  const words: ShellWord[] = [];
  const starts: number[] = [];
  const offsets: number[] = [];
  let text = '';
  for (const { text: word, range } of command.words) {
    starts.push(text.length);
    offsets.push(contentOffset(range, word));
    words.push({ text: word, isLiteral: true, start: text.length, end: text.length + word.length });
    text += `${word} `;
  }
  const commands: SimpleCommand[] = [];
  const isVerbatim = command.words.every(
    ({ text: word, range }) => contentOffset(range, word) > range.start.offset,
  );
  const script: ShellScript = {
    text,
    commands,
    pipes: 0,
    written: isVerbatim ? 'words' : 'escaped',
    sourceOffset: (position) => lookUp(starts, offsets, position),
  };
  const [nameWord, ...args] = words;
  if (nameWord) {
    const end = words.at(-1)!.end;
    commands.push({ script, name: nameWord.text, nameWord, args, assignments: [], end });
  }
  return script;
}
