import type { BuildEvent, StepFailureDetails } from '../../../build/index.ts';
import { type BerthError, errorKind, errorMessage } from '../../../core/index.ts';

/**
 * One line of the answer to `POST /v1/builds/<id>/run`: the build's events, then one result or
 * failure. Bytes of a step's output travel in base64.
 */
export type BuildMessage =
  | Exclude<BuildEvent, { kind: 'step-output' }>
  | { kind: 'step-output'; step: number; stream: 'stdout' | 'stderr'; bytes: string }
  | { kind: 'result'; imageId: string; manifestDigest?: string; outputs: string[] }
  | { kind: 'failure'; error: string; errorKind: string; details?: unknown };

export function messageOfEvent(event: BuildEvent): BuildMessage {
  if (event.kind !== 'step-output') return event;
  return { ...event, bytes: Buffer.from(event.bytes).toString('base64') };
}

export function messageOfFailure(error: unknown): BuildMessage {
  const details = (error as Partial<BerthError>).details as Partial<StepFailureDetails> | undefined;
  return {
    kind: 'failure',
    error: errorMessage(error),
    errorKind: errorKind(error),
    details: details && { ...details, kept: details.kept && { id: details.kept.id } },
  };
}
