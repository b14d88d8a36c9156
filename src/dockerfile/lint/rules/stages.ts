import type { LintedStage } from '../linted-file.ts';
import type { RunVisit } from '../rule.ts';

/**
 * Whether what a step writes can be in an image: its stage is the last, or another is built from it.
 * A trigger writes into images that are built later.
 */
export function isKept({
  stage,
  place,
  file,
}: Pick<RunVisit, 'stage' | 'place' | 'file'>): boolean {
  return place.kind === 'onbuild' || stage === file.stages.at(-1) || file.parents.has(stage);
}

/**
 * The stages that lack something which a stage has by itself or from its parent, and which is asked
 * for in the end alone: a stage that serves one which has it need not have it too.
 */
export function stagesLacking(
  stages: readonly LintedStage[],
  {
    hasOwn,
    sourcesOf,
  }: {
    hasOwn(stage: LintedStage): boolean;
    /** The stages, further up, that this one is made from. */
    sourcesOf(stage: LintedStage): readonly LintedStage[];
  },
): LintedStage[] {
  const content = new Set<LintedStage>();
  for (const stage of stages) {
    if (hasOwn(stage) || (stage.parent && content.has(stage.parent))) content.add(stage);
  }
  for (const stage of stages.toReversed()) {
    if (content.has(stage)) for (const source of sourcesOf(stage)) content.add(source);
  }
  return stages.filter((stage) => !content.has(stage));
}

/** Stages further up than this are not looked at. */
const maximumDepth = 50;

/** The stage and those it is built from, itself first. */
export function ancestors(stage: LintedStage): LintedStage[] {
  const found: LintedStage[] = [];
  for (let at: LintedStage | undefined = stage; at; at = at.parent) {
    if (found.push(at) > maximumDepth) break;
  }
  return found;
}
