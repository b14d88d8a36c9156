import { setTimeout as sleep } from 'node:timers/promises';
import { canceled } from '../../core/index.ts';

const firstPauseMs = 500;
const longestPauseMs = 10_000;
const longestServerPauseMs = 60_000;

/** Waits; rejects when the signal is aborted. Replaced in tests. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

export const realPause: Pause = async (ms, signal) => {
  await sleep(ms, undefined, { signal });
};

/** How long to wait before try `attempt` (from 1), or what the server asked for in Retry-After. */
export function pauseBefore(attempt: number, retryAfter?: string): number {
  const asked = retryAfterMs(retryAfter);
  if (asked !== undefined) return Math.min(asked, longestServerPauseMs);
  const grown = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs);
  // Many clients of one server that failed must not all come back in the same moment.
  return grown * (0.75 + Math.random() / 2);
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(date - Date.now(), 0);
}

/** Waits for work that others wait for too: an abort ends the waiting, not the work. */
export async function abortable<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(canceled('context canceled', { cause: signal.reason }));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
