import { BerthError, type ErrorKind, errorKind, errorMessage } from '../../core/index.ts';

const cannotInvoke = 126;
const notFound = 127;
const unknown = 128;

const missing = [
  'executable file not found',
  'no such file or directory',
  'system cannot find the file specified',
  'failed to run runc create/exec call',
];

/**
 * Why a process could not be started, in Docker's words, and the exit code that clients make of it
 * (moby, daemon/errors.go): 126 not executable, 127 not there, 128 anything else.
 */
export function explainStartFailure(
  error: unknown,
  context = '',
): { code: number; error: BerthError } {
  const message = context + errorMessage(error);
  const lower = message.toLowerCase();
  const as = (kind: ErrorKind, text: string) => new BerthError(kind, text, { cause: error });
  if (lower.includes('permission denied')) {
    return { code: cannotInvoke, error: as('invalid', message) };
  }
  if (lower.includes('is a directory')) {
    // docker's client looks for these words to tell 126 from 125.
    return { code: cannotInvoke, error: as('invalid', `${message}: permission denied`) };
  }
  if (lower.includes('not a directory')) {
    const hint =
      'Are you trying to mount a directory onto a file (or vice-versa)? ' +
      'Check if the specified host path exists and is the expected type';
    return { code: notFound, error: as('invalid', `${message}: ${hint}`) };
  }
  if (missing.some((words) => lower.includes(words))) {
    return { code: notFound, error: as('invalid', message) };
  }
  return { code: unknown, error: as(errorKind(error), message) };
}
