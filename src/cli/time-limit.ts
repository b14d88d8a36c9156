import { invalid } from '../core/index.ts';

/**
 * Seconds from Slurm's time formats: "minutes", "minutes:seconds", "hours:minutes:seconds",
 * "days-hours", "days-hours:minutes", "days-hours:minutes:seconds". Throws `invalid`.
 */
export function parseTimeLimit(text: string): number {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(text);
  if (!match)
    throw invalid(`parse time limit: "${text}" is not minutes, MM:SS, HH:MM:SS or D-HH:MM:SS`);
  const [days, a, b, c] = match
    .slice(1)
    .map((part) => (part === undefined ? undefined : Number(part)));
  if (days !== undefined) return days * 86_400 + a! * 3600 + (b ?? 0) * 60 + (c ?? 0);
  if (c !== undefined) return a! * 3600 + b! * 60 + c;
  return a! * 60 + (b ?? 0);
}
