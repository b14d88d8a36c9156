import type { LintedFile, LintedStage } from '../linted-file.ts';

/** Whether what the stage writes can be in the image: it is the last, or another is built from it. */
export function isKept(stage: LintedStage, file: LintedFile): boolean {
  return stage === file.stages.at(-1) || file.parents.has(stage);
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
