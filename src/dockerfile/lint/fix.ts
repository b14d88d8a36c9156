import type { Finding } from './lint-dockerfile.ts';
import type { Fix, TextEdit } from './rule.ts';

export interface FixResult {
  readonly text: string;
  /** The findings whose fix was applied: all but those that would overlap another's. */
  readonly applied: readonly Finding[];
}

/** Applies the fixes of findings to the text they were found in, each as a whole or not at all. */
export function applyFixes(text: string, findings: readonly Finding[]): FixResult {
  const edits: TextEdit[] = [];
  const applied: Finding[] = [];
  for (const finding of findings) {
    const { fix } = finding;
    if (!fix || fix.length === 0) continue;
    const isFree = fix.every((edit) => !edits.some((other) => overlap(edit, other)));
    if (!isFree || !isSound(fix, text)) continue;
    edits.push(...fix);
    applied.push(finding);
  }
  // Insertions at one place keep the order of their findings: sorting is stable.
  edits.sort((a, b) => a.start - b.start);
  let out = '';
  let at = 0;
  for (const { start, end, text: inserted } of edits) {
    out += text.slice(at, start) + inserted;
    at = end;
  }
  return { text: out + text.slice(at), applied };
}

/** Two insertions at one place go one after the other; all else may not touch the same text. */
function overlap(a: TextEdit, b: TextEdit): boolean {
  if (a.start === a.end && b.start === b.end) return false;
  return a.start < b.end && b.start < a.end;
}

function isSound(fix: Fix, text: string): boolean {
  return fix.every(({ start, end }) => start >= 0 && start <= end && end <= text.length);
}
