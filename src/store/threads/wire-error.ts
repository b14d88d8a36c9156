import { BerthError, type ErrorKind, errnoCode, errorMessage } from '../../core/index.ts';

/** An error as it crosses threads, where classes are lost. */
export interface WireError {
  readonly message: string;
  readonly kind?: ErrorKind;
  readonly code?: string;
  readonly details?: unknown;
  readonly stack?: string;
}

export function packError(error: unknown): WireError {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof BerthError) {
    const { message, kind, code, details } = error;
    return { message, kind, code, details, stack };
  }
  return { message: errorMessage(error), code: errnoCode(error), stack };
}

/** A BerthError again, or an Error with the `code` of a failed system call. */
export function unpackError({ message, kind, code, details, stack }: WireError): Error {
  const cause = stack === undefined ? undefined : new Error(`in a worker thread: ${stack}`);
  if (kind) return new BerthError(kind, message, { code, details, cause });
  return Object.assign(new Error(message, { cause }), code === undefined ? {} : { code });
}
