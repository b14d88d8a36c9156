import type { Instruction, InstructionKind, InstructionOf } from '../instruction.ts';
import type { SourceRange } from '../position.ts';
import type { LintOptions } from './lint-options.ts';
import type { LintedFile, LintedInstruction, LintedRun, LintedStage } from './linted-file.ts';
import type { SimpleCommand } from './shell/shell-script.ts';

/** From worst to mildest. */
export const severities = ['error', 'warning', 'info', 'style'] as const;
export type Severity = (typeof severities)[number];

/** A change of the file's text: [start, end), in offsets, becomes `text`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A change that keeps what the Dockerfile builds, but for what the rule is about. */
export type Fix = readonly TextEdit[];

/** What a report says beyond "here": all of it may be left out. */
export interface ReportDetails {
  /** In place of the rule's title. */
  readonly message?: string;
  /** The words at fault. */
  readonly focus?: SourceRange | { readonly start: number; readonly end: number };
  readonly fix?: Fix;
}

/** Reports the rule as broken by an instruction; again for the same one only adds its fix. */
export type Report = (at: Pick<Instruction, 'range'>, details?: ReportDetails) => void;

/** One instruction of a stage, or the trigger that an ONBUILD carries. */
export interface InstructionVisit<Kind extends InstructionKind = InstructionKind> {
  readonly instruction: InstructionOf<Kind>;
  /** The instruction itself, or the ONBUILD around it. */
  readonly place: Instruction;
  /** Undefined of an ARG before the first FROM. */
  readonly stage: LintedStage | undefined;
  /** What came before it in the stage; undefined of FROM and of what stands before it. */
  readonly linted: LintedInstruction | undefined;
  readonly file: LintedFile;
  readonly options: LintOptions;
}

/** A RUN and what it hands to the shell. */
export interface RunVisit extends InstructionVisit<'run'> {
  readonly stage: LintedStage;
  readonly linted: LintedInstruction;
  readonly run: LintedRun;
}

export interface StageVisit {
  readonly stage: LintedStage;
  readonly file: LintedFile;
  readonly options: LintOptions;
}

/** Rules see instructions of the kinds they name, before the first FROM too. */
export type InstructionChecks = {
  readonly [Kind in InstructionKind]?: (visit: InstructionVisit<Kind>, report: Report) => void;
};

/** An example: a Dockerfile, and the options it needs to be one. */
export type Example = string | { readonly text: string; readonly options: Partial<LintOptions> };

/**
 * A lint rule as data, with pure checks: each hook sees one kind of thing and reports what is wrong
 * with it. What a stage has from its parent is in the stage; hooks keep no state of their own.
 */
export interface Rule {
  /** `DL` and four digits as in hadolint, `BL` for rules of Berth's own. */
  readonly code: string;
  readonly severity: Severity;
  /** The message, unless a report has its own. */
  readonly title: string;
  /** Why there is no fix that is safe; of a rule without one. */
  readonly unfixable?: string;
  /** Why it matters and what to do, in markdown. */
  readonly documentation: string;
  /** Each of `bad` breaks the rule, none of `good` does; fixes make a bad one good. */
  readonly bad: readonly Example[];
  readonly good: readonly Example[];
  /** Runs only when a severity is given to it by configuration. */
  readonly offByDefault?: true;
  /** Reported at the words at fault; without it at the start of the instruction's line. */
  readonly hasExactPlace?: true;
  readonly on?: InstructionChecks;
  /** Sees every RUN that goes to a POSIX shell or is in exec form. */
  run?(visit: RunVisit, report: Report): void;
  /** The programs `command` is about. */
  readonly programs?: readonly string[];
  /** Sees each command of the `programs`. */
  command?(command: SimpleCommand, visit: RunVisit, report: Report): void;
  /** Sees each stage as a whole. */
  stage?(visit: StageVisit, report: Report): void;
  /** Sees the file as a whole. */
  file?(visit: { file: LintedFile; options: LintOptions }, report: Report): void;
}

/** The edit that inserts `text` at an offset. */
export function insertion(at: number, text: string): TextEdit {
  return { start: at, end: at, text };
}

/** The edit that replaces a range. */
export function replacement({ start, end }: SourceRange, text: string): TextEdit {
  return { start: start.offset, end: end.offset, text };
}
