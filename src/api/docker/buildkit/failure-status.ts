import type { StepFailureDetails } from '../../../build/index.ts';
import {
  BerthError,
  canceled,
  errorKind,
  errorMessage,
  internal,
  message,
} from '../../../core/index.ts';
import { type ReturnedStatus, rpcStatusFields } from './control-messages.ts';
import type { BuildFailure } from './history/build-record.ts';
import { CallFailure } from './run-build.ts';
import type { SourceInfo } from './status-messages.ts';

const rpcStatus = message<ReturnedStatus>(rpcStatusFields);

/** Detail by which clients of BuildKit show the lines an error is about (solver/errdefs). */
const sourceType = 'github.com/moby/buildkit/errdefs.Source+json';
/** google.rpc.Code. */
const canceledCode = 1;
const unknownCode = 2;

/** An error as a client of BuildKit reads it: with the place in the Dockerfile, where it has one. */
export function failureOf(error: unknown): BerthError {
  const cause = error instanceof CallFailure ? error.cause : error;
  const source = error instanceof CallFailure ? error.source : undefined;
  const text = errorMessage(cause);
  const isCanceled = errorKind(cause) === 'canceled';
  const place = source && placeOf(cause, source);
  // Clients put the name of any other code before the text.
  if (!place || isCanceled)
    return (isCanceled ? canceled : internal)(text, { cause, details: ownStatus(cause) });
  const value = Buffer.from(JSON.stringify(place));
  const grpcStatus = rpcStatus.encode({
    code: unknownCode,
    message: text,
    details: [{ type_url: sourceType, value }],
  });
  return new BerthError('internal', text, {
    cause,
    details: { grpcStatus, grpcCode: unknownCode },
  });
}

/** An error as the history of builds keeps it. */
export function failureStatus(error: unknown): BuildFailure {
  const failure = failureOf(error);
  const { grpcStatus, grpcCode } = (failure.details ?? {}) as {
    grpcStatus?: Uint8Array;
    grpcCode?: number;
  };
  return {
    code: grpcCode ?? (failure.kind === 'canceled' ? canceledCode : unknownCode),
    message: failure.message,
    ...(grpcStatus && { status: Buffer.from(grpcStatus).toString('base64') }),
  };
}

/** The status of an error that is the client's own. */
function ownStatus(cause: unknown): unknown {
  const details = cause instanceof BerthError ? cause.details : undefined;
  return details && typeof details === 'object' && 'grpcStatus' in details ? details : undefined;
}

function placeOf(cause: unknown, { filename, data }: SourceInfo) {
  const lines = linesOf(cause);
  if (!lines) return undefined;
  return {
    info: { filename, data: Buffer.from(data).toString('base64') },
    ranges: [{ start: { line: lines.first }, end: { line: lines.last } }],
  };
}

/** The lines of the Dockerfile an error is about. */
export function linesOf(cause: unknown): { first: number; last: number } | undefined {
  const details = (cause instanceof BerthError ? (cause.details ?? {}) : {}) as Partial<
    Pick<StepFailureDetails, 'line' | 'endLine'>
  >;
  const { line, endLine = line } = details;
  return line && endLine ? { first: line, last: endLine } : undefined;
}

/** The error a client says its part of the build ended with. */
export function returnedFailure(status: ReturnedStatus): BerthError {
  const grpcStatus = rpcStatus.encode(status);
  return new BerthError('internal', status.message, {
    details: { grpcStatus, grpcCode: status.code },
  });
}
