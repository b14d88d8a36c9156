import type { LintedInstruction, LintedStage } from '../linted-file.ts';

/** What steps may have put into a stage beyond its base image. */
export interface BroughtIn {
  /** Takes note of one more step. */
  add(linted: LintedInstruction): void;
  /** Whether a step named the program in a command, or copied programs in. */
  mayHave(program: string): boolean;
}

/** The steps of `stages`, all of them, and those added later. */
export function broughtIn(stages: readonly LintedStage[]): BroughtIn {
  const words = new Set<string>();
  let copiesPrograms = false;
  const add = ({ instruction, run }: LintedInstruction): void => {
    if (instruction.kind === 'copy' || instruction.kind === 'add') {
      const { text } = instruction.destination;
      if (/^\/(?:(?:usr\/)?s?bin(?:\/|$)|$)/.test(text)) copiesPrograms = true;
    }
    for (const { args } of run?.commands ?? []) {
      for (const { text, isLiteral } of args) {
        words.add(text.split(/[=<>~@]/, 1)[0]!);
        // What a variable brings could be anything.
        if (!isLiteral) copiesPrograms = true;
      }
    }
  };
  for (const { instructions } of stages) for (const linted of instructions) add(linted);
  return { add, mayHave: (program) => copiesPrograms || words.has(program) };
}
