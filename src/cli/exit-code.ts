import { errorKind } from '../core/index.ts';

/** 125 when the request itself was wrong, as docker's; 130 when interrupted; 1 for the rest. */
export function exitCodeOf(error: unknown): number {
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
