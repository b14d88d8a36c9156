import type { LintedFile, LintedStage } from '../linted-file.ts';

/** Whether what the stage writes can be in the image: it is the last, or another is built from it. */
export function isKept(stage: LintedStage, { stages }: LintedFile): boolean {
  const last = stages.at(-1);
  if (stage === last) return true;
  return stages.some(({ parent }) => parent === stage);
}
