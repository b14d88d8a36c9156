import type { Report, ReportDetails, RunVisit } from '../rule.ts';
import { type SimpleCommand, sourceSpan } from '../shell/shell-script.ts';

/** Where a command stands in the Dockerfile. */
export function commandFocus({ script, nameWord, end }: SimpleCommand): {
  start: number;
  end: number;
} {
  return sourceSpan(script, nameWord.start, end);
}

/** Reports the RUN that a command is in. */
export function reportCommand(
  command: SimpleCommand,
  { place }: Pick<RunVisit, 'place'>,
  report: Report,
  details: ReportDetails = {},
): void {
  report(place, { focus: commandFocus(command), ...details });
}
