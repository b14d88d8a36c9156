import type { Finding } from './lint-dockerfile.ts';
import type { TextEdit } from './rule.ts';

export interface FixResult {
  readonly text: string;
  /** The findings whose fix was applied: all but those that would overlap another's. */
  readonly applied: readonly Finding[];
}

interface OwnedEdit extends TextEdit {
  /** The finding it is for, by its place among them. */
  readonly owner: number;
}

/** Applies the fixes of findings to the text they were found in, each as a whole or not at all. */
export function applyFixes(text: string, findings: readonly Finding[]): FixResult {
  const edits = findings
    .flatMap(({ fix = [] }, owner): OwnedEdit[] => fix.map((edit) => ({ ...edit, owner })))
    // Insertions at one place keep the order of their findings: sorting is stable.
    .sort((a, b) => a.start - b.start || a.end - b.end);
  const refused = overlapping(edits, text.length);
  let out = '';
  let at = 0;
  for (const { start, end, text: inserted, owner } of edits) {
    if (refused.has(owner)) continue;
    out += text.slice(at, start) + inserted;
    at = end;
  }
  const applied = findings.filter(({ fix }, owner) => fix?.length && !refused.has(owner));
  return { text: out + text.slice(at), applied };
}

/** The findings that would change text another one changes; the first in the text goes first. */
function overlapping(edits: readonly OwnedEdit[], length: number): Set<number> {
  const refused = new Set<number>();
  let last: OwnedEdit | undefined;
  for (const edit of edits) {
    const { start, end, owner } = edit;
    const isSound = start >= 0 && start <= end && end <= length;
    const isFree = !last || start >= last.end;
    if (isSound && isFree) last = edit;
    else refused.add(owner);
  }
  return refused;
}
