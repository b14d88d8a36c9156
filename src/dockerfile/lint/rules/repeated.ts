import type { InstructionKind } from '../../instruction.ts';
import type { Report, StageVisit, TextEdit } from '../rule.ts';

/**
 * Reports each instruction of a kind but the first of its stage. The fix deletes the one before it,
 * which does nothing.
 */
export function reportRepeated(
  kind: InstructionKind,
  { stage, file }: StageVisit,
  report: Report,
): void {
  const found = stage.instructions.filter(({ place }) => place.kind === kind);
  for (let index = 1; index < found.length; index++) {
    const { start, end } = found[index - 1]!.place.range;
    report(found[index]!.place, {
      fix: [deletion(file.dockerfile.source.text, start.offset, end.offset)],
    });
  }
}

/** Deletes an instruction and the line ending after it. */
function deletion(text: string, start: number, end: number): TextEdit {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const newline = text.indexOf('\n', end);
  return { start: lineStart, end: newline < 0 ? text.length : newline + 1, text: '' };
}
