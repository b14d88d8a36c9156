import type { CommandText } from '../command-text.ts';
import type { Heredoc } from '../heredoc.ts';
import type { SourceRange } from '../position.ts';
import { nearest } from '../suggest.ts';
import { SyntaxFault } from '../syntax-error.ts';
import type { Word } from '../word.ts';
import type { Stretch } from '../words.ts';

/** What the parser of one instruction works on. */
export interface Request {
  /** The name in capitals, as messages give it. */
  readonly name: string;
  readonly command: CommandText;
  readonly heredocs: readonly Heredoc[];
  readonly comments: readonly string[];
  readonly source: string;
  readonly range: SourceRange;
}

/** What all instructions have in common. */
export function common<Kind extends string>(kind: Kind, request: Request) {
  const { command, heredocs, comments, source, range } = request;
  return {
    kind,
    keyword: command.keyword,
    range,
    source,
    code: command.line.text.slice(command.start, command.end),
    args: command.line.word(command.argsStart, command.end),
    flags: command.flags,
    heredocs,
    comments,
  };
}

/** The arguments as a stretch of the logical line. */
export function argsOf({ command }: Request): Stretch {
  return { line: command.line, start: command.argsStart, end: command.end };
}

/** A fault about the arguments, or about the instruction's name when there are none. */
export function argsFault({ command }: Request, message: string): SyntaxFault {
  const { argsStart, end, line, keyword } = command;
  return new SyntaxFault(message, end > argsStart ? line.range(argsStart, end) : keyword.range);
}

/** The one argument of an instruction that takes its whole line as it is. Throws a fault. */
export function onlyArgument(request: Request): Word {
  const { line, start, end } = argsOf(request);
  if (end > start) return line.word(start, end);
  throw argsFault(request, `${request.name} requires exactly one argument`);
}

type FlagKind = 'string' | 'boolean' | 'strings';

type FlagValue<Kind extends FlagKind> = {
  string: Word | undefined;
  boolean: boolean | undefined;
  strings: readonly Word[];
}[Kind];

/**
 * The flags of an instruction by the kinds it declares. A flag that is not declared, misses its
 * value or stands twice is a fault; only those of kind `strings` may be repeated.
 */
export function readFlags<Kinds extends Record<string, FlagKind>>(
  { command }: Request,
  kinds: Kinds,
): { [Name in keyof Kinds]: FlagValue<Kinds[Name]> } {
  const values: Record<string, unknown> = {};
  const used = new Set<string>();
  for (const name in kinds) if (kinds[name] === 'strings') values[name] = [];
  for (const flag of command.flags) {
    const { name } = flag;
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (!kind) {
      const message = `unknown flag: --${name}`;
      throw new SyntaxFault(message, flag.nameRange, nearest(name, Object.keys(kinds)));
    }
    if (used.has(name) && kind !== 'strings') {
      throw new SyntaxFault(`duplicate flag specified: --${name}`, flag.range);
    }
    used.add(name);
    if (kind === 'boolean') values[name] = booleanFlag(flag);
    else if (flag.value === undefined) {
      throw new SyntaxFault(`missing a value on flag: --${name}`, flag.range);
    } else {
      const word: Word = { text: flag.value, range: flag.valueRange };
      if (kind === 'strings') (values[name] as Word[]).push(word);
      else values[name] = word;
    }
  }
  return values as { [Name in keyof Kinds]: FlagValue<Kinds[Name]> };
}

function booleanFlag({ name, value, range, valueRange }: CommandText['flags'][number]): boolean {
  if (value === undefined) return true;
  if (value === '') throw new SyntaxFault(`missing a value on flag: --${name}`, range);
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return lower === 'true';
  throw new SyntaxFault(`expecting boolean value for flag --${name}, not: ${value}`, valueRange);
}
