import { BerthError, errorMessage, invalid } from '../../core/index.ts';
import {
  type Dockerfile,
  type SourceRange,
  SyntaxFault,
  syntaxError,
  syntaxErrorDetails,
} from '../../dockerfile/index.ts';

/** Runs `work`, giving what it throws a place in the Dockerfile unless it has one. */
export function at<T>(place: { readonly range: SourceRange }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyntaxFault && error.range) throw error;
    if (!(error instanceof SyntaxFault) && !isUserFault(error)) throw error;
    const suggestion = error instanceof SyntaxFault ? error.suggestion : undefined;
    throw new SyntaxFault(errorMessage(error), place.range, suggestion);
  }
}

/** Runs `work`, turning the faults it throws into errors that show the line. */
export function withPlaces<T>(file: Dockerfile, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    const parsed = syntaxError(file.source, error, file.fileName);
    const details = syntaxErrorDetails(parsed);
    // Well-formed but wrong: BuildKit gives such errors their place, but not as a parse error.
    throw details ? invalid(details.reason, { code: 'DOCKERFILE_SYNTAX', details }) : parsed;
  }
}

function isUserFault(error: unknown): boolean {
  if (!(error instanceof BerthError)) return false;
  return error.kind === 'invalid' || error.kind === 'forbidden' || error.kind === 'unsupported';
}
