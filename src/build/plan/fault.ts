import { BerthError, errorMessage } from '../../core/index.ts';
import { type SourceRange, SyntaxFault, syntaxErrorDetails } from '../../dockerfile/index.ts';

/** Runs `work`; what it throws about the user's input becomes a fault with a place. */
export function at<T>(place: { readonly range: SourceRange }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyntaxFault ? error.range : !isUnplaced(error)) throw error;
    const suggestion = error instanceof SyntaxFault ? error.suggestion : undefined;
    throw new SyntaxFault(errorMessage(error), place.range, suggestion);
  }
}

const userKinds = new Set(['invalid', 'forbidden', 'unsupported']);

function isUnplaced(error: unknown): boolean {
  return (
    error instanceof BerthError &&
    userKinds.has(error.kind) &&
    syntaxErrorDetails(error) === undefined
  );
}
