import { renderSyntaxFault, syntaxErrorDetails } from '../../src/dockerfile/index.ts';

/** An error as the command line shows it: one about a Dockerfile with its place, others in words. */
export function renderedError(error: Error): string {
  const details = syntaxErrorDetails(error);
  return details ? renderSyntaxFault(details) : error.message;
}
