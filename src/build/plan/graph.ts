import { type SourceRange, type StageInstruction, SyntaxFault } from '../../dockerfile/index.ts';
import { at } from './fault.ts';
import {
  fromNames,
  fromOrigin,
  type NamedContexts,
  type Origin,
  type StageList,
} from './stages.ts';

/** An instruction of a stage as it will be planned. */
export interface StageCommand {
  readonly instruction: StageInstruction;
  /** From an ONBUILD of what the stage stands on. */
  readonly isTrigger: boolean;
  /** What each `--from` in it means, by its name. */
  readonly origins: ReadonlyMap<string, Origin>;
}

const noOrigins: ReadonlyMap<string, Origin> = new Map();

/** Resolves what the instructions of a stage take files from. Throws a fault. */
export function stageCommands(
  list: StageList,
  index: number,
  options: { triggers: readonly StageInstruction[]; contexts: NamedContexts },
): StageCommand[] {
  const node = list.nodes[index]!;
  const command = (instruction: StageInstruction, isTrigger: boolean): StageCommand => {
    const names = fromNames(instruction);
    if (names.length === 0) return { instruction, isTrigger, origins: noOrigins };
    const { contexts } = options;
    const { platform } = node;
    return at(instruction, () => ({
      instruction,
      isTrigger,
      origins: new Map(
        names.map(({ name, indexesAllowed }) => [
          name,
          fromOrigin(list, name, { contexts, platform, indexesAllowed }),
        ]),
      ),
    }));
  };
  if (node.replaced) return [];
  return [
    ...options.triggers.map((instruction) => command(instruction, true)),
    ...node.stage.instructions.map((instruction) => command(instruction, false)),
  ];
}

/** Indexes of the stages one stage takes anything from, each with the first place that says so. */
function needsOf(
  list: StageList,
  index: number,
  commands: readonly StageCommand[],
): Map<number, SourceRange> {
  const { base, stage } = list.nodes[index]!;
  const needs = new Map<number, SourceRange>();
  if (base.kind === 'stage') needs.set(base.index, stage.from.range);
  for (const { origins, instruction } of commands) {
    for (const origin of origins.values()) {
      if (origin.kind === 'stage' && !needs.has(origin.index)) {
        needs.set(origin.index, instruction.range);
      }
    }
  }
  return needs;
}

/**
 * Indexes, in the order of the file, of the stages the target needs, itself among them. Throws a
 * fault when stages need each other in a circle.
 */
export function neededStages(
  list: StageList,
  commands: readonly (readonly StageCommand[])[],
  target: number,
): number[] {
  const needs = list.nodes.map((_, index) => needsOf(list, index, commands[index]!));
  checkCircles(list, needs);
  const reached = new Set([target]);
  // A set that grows while it is walked gives what was added, too.
  for (const index of reached) for (const needed of needs[index]!.keys()) reached.add(needed);
  return [...reached].sort((a, b) => a - b);
}

function checkCircles(list: StageList, needs: readonly ReadonlyMap<number, SourceRange>[]): void {
  const done = new Set<number>();
  for (const start of needs.keys()) {
    const path = new Set<number>();
    const stack: { index: number; rest: Iterator<number> }[] = [];
    const enter = (index: number): void => {
      if (done.has(index)) return;
      if (path.has(index)) {
        const { displayName } = list.nodes[index]!;
        const message = `circular dependency detected on stage: ${displayName}`;
        throw new SyntaxFault(message, needs[stack.at(-1)!.index]!.get(index));
      }
      path.add(index);
      stack.push({ index, rest: needs[index]!.keys() });
    };
    enter(start);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const next = top.rest.next();
      if (!next.done) enter(next.value);
      else {
        path.delete(top.index);
        done.add(top.index);
        stack.pop();
      }
    }
  }
}
