import type { Platform } from '../../core/index.ts';
import type { IgnoreMatcher } from '../ignore/ignore-matcher.ts';
import type { FromInstruction, Instruction, StageInstruction } from '../instruction.ts';
import type { Dockerfile, Stage } from '../parse.ts';
import type { SourceRange } from '../position.ts';
import type { Word } from '../word.ts';

/**
 * One of BuildKit's build checks, as data. Each hook sees one kind of thing and reports what is
 * wrong with it; the name, the descriptions and the wording of messages are BuildKit's.
 */
export interface Check {
  readonly name: string;
  readonly description: string;
  /** Runs only when `# check=experimental=` names it. */
  readonly experimental?: true;
  /** Sees the file as it was parsed. */
  file?(visit: FileVisit, report: Report): void;
  /** Sees each stage's FROM with its variables replaced. */
  from?(visit: FromVisit, report: Report): void;
  /** Sees each instruction of a stage in order, its variables replaced. */
  instruction?(visit: InstructionVisit, report: Report): void;
}

/** `at` is the instruction or the line that the warning is about; `focus` the word at fault in it. */
export type Report = (message: string, at: Place, focus?: SourceRange) => void;

/** An instruction, or lines that are none. */
export type Place = Pick<Instruction, 'range'> & Partial<Pick<Instruction, 'comments'>>;

export interface FileVisit {
  readonly dockerfile: Dockerfile;
}

/** A word of FROM after its variables were replaced. */
export interface FromWord {
  readonly written: Word;
  readonly text: string;
  readonly matched: ReadonlySet<string>;
  readonly unmatched: ReadonlySet<string>;
}

export interface FromVisit {
  readonly stage: Stage;
  readonly from: FromInstruction;
  readonly image: FromWord;
  readonly platform: FromWord | undefined;
  /** The platform the stage is for, and the one its base image has, where that is at hand. */
  readonly platforms: { readonly expected: Platform; readonly actual: Platform } | undefined;
  /** The image's name when no build argument is given. */
  readonly defaultImage: string | undefined;
  /** The variables of FROM, and the ARGs before it that have no value. */
  readonly known: ReadonlyMap<string, string | undefined>;
}

/** What a stage has seen so far; a stage built from another one starts with what that one saw. */
export interface StageProgress {
  /** Whether SHELL was given, here or by the base image. */
  hasShell: boolean;
  hasWorkdir: boolean;
}

export interface UnsetVariable {
  readonly name: string;
  readonly word: Word;
  /** A variable that is set and has nearly this name. */
  readonly suggestion: string | undefined;
}

export interface InstructionVisit {
  readonly stage: Stage;
  /** With its variables replaced. */
  readonly instruction: StageInstruction;
  /** Where to report it: itself, or the FROM that triggers it. */
  readonly place: Place;
  /** As it was before this instruction. */
  readonly progress: Readonly<StageProgress>;
  /** The earlier instruction of this stage that this one makes void. */
  readonly overridden: Place | undefined;
  /** Variables it uses that are not set, once for each word. */
  readonly unset: readonly UnsetVariable[];
  /** Whether all variables of the base image are known. */
  readonly knowsBase: boolean;
  readonly ignore: IgnoreMatcher | undefined;
}
