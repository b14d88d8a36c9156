import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '../../core/index.ts';

/** How often a blob is tried and how long to wait between; the wait doubles each time. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Waits, or rejects as soon as the signal aborts. */
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<unknown>;
}

export const usualRetries: RetryPolicy = {
  attempts: 6,
  firstWaitMs: 250,
  longestWaitMs: 8000,
  wait: (waitMs, signal) => delay(waitMs, undefined, { signal }),
};

const passingCodes = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** Of `unavailable`: a host that was never reached, a disk that is full or read-only. */
const lastingCodes = new Set(['UNREACHABLE', 'ENOSPC', 'EDQUOT', 'EROFS']);

/** Whether the error may pass by itself: a cut connection, a server that is overloaded. */
export function isPassing(error: unknown): boolean {
  if (error instanceof BerthError) {
    return error.kind === 'unavailable' && !lastingCodes.has(error.code ?? '');
  }
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (passingCodes.has(String((cause as { code?: unknown }).code))) return true;
  }
  return false;
}

/**
 * Runs `attempt` until it succeeds. A passing failure is retried as often as the policy says,
 * counted anew whenever `progress()` has grown since the attempt before: who advances is not stuck.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: {
    policy: RetryPolicy;
    signal: AbortSignal;
    progress: () => number;
    onRetry: (attempt: number, error: unknown) => void;
  },
): Promise<T> {
  const { policy, signal, progress, onRetry } = options;
  let failures = 0;
  let reached = progress();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      failures = progress() > reached ? 1 : failures + 1;
      reached = Math.max(reached, progress());
      if (failures >= policy.attempts) throw error;
      onRetry(failures, error);
      const waitMs = Math.min(policy.firstWaitMs * 2 ** (failures - 1), policy.longestWaitMs);
      await policy.wait(waitMs, signal);
    }
  }
}
