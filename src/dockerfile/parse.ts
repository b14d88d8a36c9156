import { atOnce, type BerthError, type Pieces } from '../core/index.ts';
import { commandText } from './command-text.ts';
import type { Directive, EscapeToken } from './directives.ts';
import { type Heredoc, heredocOperators } from './heredoc.ts';
import type {
  ArgInstruction,
  FromInstruction,
  Instruction,
  StageInstruction,
  TriggerInstruction,
} from './instruction.ts';
import { type Comment, type LineReader, lineReader, type Statement } from './line-reader.ts';
import { parseInstruction, takesHeredocs } from './parse-instruction.ts';
import { type SourceRange, type SourceText, sourceText } from './position.ts';
import { locate, SyntaxFault, syntaxError } from './syntax-error.ts';

/** A stage: a FROM and what follows up to the next one. */
export interface Stage {
  /** From 0, in the order of the file. */
  readonly index: number;
  /** Lower case, as COPY, FROM and `--target` find it. */
  readonly name: string | undefined;
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

/** An instruction with empty lines between its continuation lines, which are to become an error. */
export interface EmptyContinuation {
  /** The last line of the instruction, which is the one BuildKit reports. */
  readonly line: number;
  readonly emptyLines: readonly number[];
}

/** A parsed Dockerfile. */
export interface Dockerfile {
  readonly fileName: string | undefined;
  readonly source: SourceText;
  readonly escapeToken: EscapeToken;
  readonly directives: readonly Directive[];
  readonly comments: readonly Comment[];
  /** All instructions in the order of the file. */
  readonly instructions: readonly Instruction[];
  /** The ARGs before the first FROM. */
  readonly globalArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
  /** Instructions before the first FROM that belong to no stage: of a snippet, or an error. */
  readonly orphans: readonly StageInstruction[];
  readonly emptyContinuations: readonly EmptyContinuation[];
  /** What `recover` collected, in the order of the file. */
  readonly errors: readonly BerthError[];
}

export interface ParseOptions {
  /** For messages. */
  readonly fileName?: string;
  /** Collect errors in `errors`, leave out the instructions at fault and go on. */
  readonly recover?: boolean;
  /** Accept instructions without a FROM before them, and a text without any. */
  readonly snippet?: boolean;
}

/**
 * Parses a Dockerfile in time linear to its size. Throws the first error, a BerthError `invalid`
 * with SyntaxErrorDetails, unless `recover` is set.
 */
export function parseDockerfile(input: string | Uint8Array, options?: ParseOptions): Dockerfile {
  return atOnce(parsingDockerfile(input, options));
}

/** As `parseDockerfile`, in pieces: a file may have a hundred thousand lines. */
export function* parsingDockerfile(
  input: string | Uint8Array,
  { fileName, recover = false, snippet = false }: ParseOptions = {},
): Pieces<Dockerfile> {
  const source = sourceText(textOf(input));
  const errors: BerthError[] = [];
  const report: Report = (fault) => {
    const error = syntaxError(source, fault, fileName);
    if (!recover) throw error;
    errors.push(error);
  };
  const { isEmpty, ...contents } = yield* readContents(source, report);
  const parts = stagesOf(contents.instructions);
  if (!snippet) {
    if (isEmpty) report(emptyFault(source));
    else reportMissingStage(parts, report);
  }
  return { fileName, source, ...contents, ...parts, errors };
}

/**
 * Parses what an image's configuration keeps of an ONBUILD. All places in the result and in errors
 * are those of the `from` that brings the image in. Throws `invalid` unless the text is exactly one
 * instruction that may be a trigger.
 */
export function parseTrigger(
  expression: string,
  { dockerfile, from }: { dockerfile: Dockerfile; from: FromInstruction },
): TriggerInstruction {
  const source: SourceText = {
    ...sourceText(expression),
    positionAt: () => from.range.start,
    range: () => from.range,
  };
  return locate(dockerfile, () => {
    const reading = readContents(source, (fault) => {
      throw new SyntaxFault(fault.message, from.range, fault.suggestion);
    });
    const { instructions } = atOnce(reading);
    const [trigger] = instructions;
    if (!trigger || instructions.length !== 1) {
      throw new SyntaxFault('onbuild trigger should be a single expression', from.range);
    }
    if (trigger.kind === 'from' || trigger.kind === 'maintainer' || trigger.kind === 'onbuild') {
      const name = trigger.kind.toUpperCase();
      throw new SyntaxFault(`${name} isn't allowed as an ONBUILD trigger`, from.range);
    }
    return { ...trigger, source: expression };
  });
}

type Report = (fault: SyntaxFault) => void;

type Contents = Pick<
  Dockerfile,
  'escapeToken' | 'directives' | 'comments' | 'instructions' | 'emptyContinuations'
> & { readonly isEmpty: boolean };

function* readContents(source: SourceText, report: Report): Pieces<Contents> {
  const reader = lineReader(source, report);
  const instructions: Instruction[] = [];
  const emptyContinuations: EmptyContinuation[] = [];
  let isEmpty = true;
  for (let statement = reader.next(); statement; statement = reader.next()) {
    yield;
    isEmpty = false;
    if (statement.emptyLines.length > 0) {
      emptyContinuations.push({ line: statement.endLine, emptyLines: statement.emptyLines });
    }
    try {
      instructions.push(readInstruction(reader, statement));
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      report(error);
    }
  }
  const { escapeToken, directives, comments } = reader;
  return { escapeToken, directives, comments, instructions, emptyContinuations, isEmpty };
}

const utf8 = new TextDecoder();

function textOf(input: string | Uint8Array): string {
  if (typeof input !== 'string') return utf8.decode(input);
  return input.startsWith('\ufeff') ? input.slice(1) : input;
}

function emptyFault({ text }: SourceText): SyntaxFault {
  return new SyntaxFault(
    text === '' ? 'the Dockerfile cannot be empty' : 'file with no instructions',
  );
}

function readInstruction(reader: LineReader, statement: Statement): Instruction {
  const { line, comments } = statement;
  const { source } = line;
  const command = commandText(line, 0, reader.escapeToken);
  const isOnbuild = command.keyword.text.toLowerCase() === 'onbuild';
  const holder = isOnbuild ? commandText(line, command.argsStart, reader.escapeToken) : command;
  const { start, end } = line.range(command.start, command.end);
  const heredocs = takesHeredocs(holder) ? readHeredocs(reader, statement) : [];
  const last = heredocs.at(-1);
  const range: SourceRange = { start, end: last ? last.terminatorRange.end : end };
  return parseInstruction({
    name: command.keyword.text.toUpperCase(),
    command,
    heredocs,
    comments,
    range,
    source: source.text.slice(start.offset, range.end.offset),
  });
}

function readHeredocs(reader: LineReader, { line }: Statement): Heredoc[] {
  const { source } = line;
  return heredocOperators(line).map((operator) => {
    const body = reader.heredocBody(operator.name, operator.stripTabs);
    if (!body) throw new SyntaxFault('unterminated heredoc', operator.range);
    return {
      ...operator,
      content: source.text.slice(body.contentStart, body.contentEnd),
      contentRange: source.range(body.contentStart, body.contentEnd),
      terminatorRange: source.range(body.terminatorStart, body.terminatorEnd),
    };
  });
}

type Parts = Pick<Dockerfile, 'globalArgs' | 'stages' | 'orphans'>;

function stagesOf(instructions: readonly Instruction[]): Parts {
  const globalArgs: ArgInstruction[] = [];
  const orphans: StageInstruction[] = [];
  const stages: (Stage & { instructions: StageInstruction[] })[] = [];
  for (const instruction of instructions) {
    if (instruction.kind === 'from') {
      stages.push({
        index: stages.length,
        name: instruction.name?.text.toLowerCase(),
        from: instruction,
        instructions: [],
      });
    } else if (stages.length > 0) stages.at(-1)!.instructions.push(instruction);
    else if (instruction.kind === 'arg') globalArgs.push(instruction);
    else orphans.push(instruction);
  }
  return { globalArgs, stages, orphans };
}

function reportMissingStage({ stages, orphans }: Parts, report: Report): void {
  const [orphan] = orphans;
  if (orphan) {
    report(new SyntaxFault('no build stage in current context', orphan.keyword.range));
  } else if (stages.length === 0) report(new SyntaxFault('dockerfile contains no stages to build'));
}
