import { notFound } from '../../core/index.ts';
import type { Dockerfile, Stage, StageInstruction } from '../../dockerfile/index.ts';
import type { HistoryEntry } from '../../image/index.ts';
import { instructionOf } from './layer-command.ts';

/** Where in a Dockerfile a layer comes from. */
export interface DockerfileLine {
  readonly line: number;
  /** The instruction on one line. */
  readonly text: string;
}

/**
 * The instruction behind each layer, undefined for those of the base image. Dockerfile and history
 * are laid side by side from their ends, as the base image's lines come first; where they part, the
 * rest has none. Throws `not-found` for a target the file does not have.
 */
export function dockerfileLines(
  dockerfile: Dockerfile,
  history: readonly HistoryEntry[],
  target?: string,
): (DockerfileLine | undefined)[] {
  const instructions = instructionsOf(dockerfile, target);
  const lines: (DockerfileLine | undefined)[] = history.map(() => undefined);
  let at = instructions.length - 1;
  for (let entry = history.length - 1; entry >= 0 && at >= 0; entry--) {
    const keyword = keywordOf(history[entry]!);
    // Not every builder tells of ARG.
    while (at >= 0 && instructions[at]!.kind === 'arg' && keyword !== 'arg') at--;
    if (at < 0 || instructions[at]!.kind !== keyword) break;
    const { range, code } = instructions[at]!;
    lines[entry] = { line: range.start.line, text: code.replace(/\s+/g, ' ').trim() };
    at--;
  }
  return lines.filter((_, entry) => !history[entry]!.empty_layer);
}

/** Of the target stage and the stages it is built on, the lowest first. */
function instructionsOf({ stages }: Dockerfile, target: string | undefined): StageInstruction[] {
  let stage = target === undefined ? stages.at(-1) : findStage(stages, target, stages.length);
  if (!stage) throw notFound(`read Dockerfile: it has no stage ${JSON.stringify(target ?? '')}`);
  const instructions: StageInstruction[] = [];
  while (stage) {
    instructions.unshift(...stage.instructions);
    stage = findStage(stages, stage.from.image.text, stage.index);
  }
  return instructions;
}

/** A stage by name or number among those before `end`. */
function findStage(stages: readonly Stage[], name: string, end: number): Stage | undefined {
  const before = stages.slice(0, end);
  const named = before.findLast((stage) => stage.name === name.toLowerCase());
  return named ?? (/^\d+$/.test(name) ? before[Number(name)] : undefined);
}

function keywordOf(entry: HistoryEntry): string {
  const first = /^[A-Z]+(?= |$)/.exec(instructionOf({ history: entry }))?.[0];
  // Docker's old builder writes the bare command of a RUN.
  return first?.toLowerCase() ?? 'run';
}
