import { BerthError, errorKind } from '../core/index.ts';

/**
 * 125 when the request itself was wrong, as docker's; 130 when interrupted; 1 for the rest, a step
 * of a build that failed among them.
 */
export function exitCodeOf(error: unknown): number {
  if (error instanceof BerthError && error.details && isStepFailure(error.details)) return 1;
  switch (errorKind(error)) {
    case 'invalid':
    case 'unsupported':
      return 125;
    case 'canceled':
      return 130;
    default:
      return 1;
  }
}

function isStepFailure(details: unknown): boolean {
  return 'step' in (details as object) && 'lastOutput' in (details as object);
}
