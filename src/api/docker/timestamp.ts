import { invalid, parseDuration } from '../../core/index.ts';

/**
 * Milliseconds since the epoch from what clients send as since and until: seconds with an optional
 * fraction (`1700000000.000000001`), RFC 3339, or a duration back from now (`10m`). Undefined for
 * ''. Throws `invalid`.
 */
export function parseTimestamp(text: string, nowMs = Date.now()): number | undefined {
  if (text === '') return undefined;
  const seconds = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (seconds) return Number(seconds[1]) * 1000 + Number(`0.${seconds[2] ?? '0'}`) * 1000;
  const parsed = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(parsed)) return parsed;
  if (/^\d[\d.hmsuµn]*$/.test(text)) return nowMs - parseDuration(text);
  throw invalid(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** RFC 3339 of a time in milliseconds, or Go's zero time for undefined. */
export function rfc3339(ms: number | undefined): string {
  return ms === undefined ? zeroTime : new Date(ms).toISOString();
}

/** What Go writes for a time that was never set. */
export const zeroTime = '0001-01-01T00:00:00Z';

/** Whole seconds, as most lists give times. */
export function unixSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
