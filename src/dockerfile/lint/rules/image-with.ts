import type { LintBaseImage } from '../base-image-facts.ts';

/** The base image as the subject of a message, with its distribution when that is known. */
export function imageWith(base: LintBaseImage | undefined): string {
  const { distribution } = base ?? {};
  return distribution === undefined ? 'The base image' : `The base image (${distribution})`;
}
