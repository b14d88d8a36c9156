import type { LintedRun } from '../linted-file.ts';
import type { Report, RunVisit } from '../rule.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { appendCommand } from './append-command.ts';
import { reportCommand } from './report-command.ts';

/** How a package manager leaves a cache behind, and what clears it. */
export interface Cleanup {
  leavesCache(command: SimpleCommand): boolean;
  clears(command: SimpleCommand): boolean;
  /** The command to add. */
  readonly command: string;
}

/** Reports the command after which nothing in the RUN clears the cache it leaves. */
export function reportMissingCleanup(
  command: SimpleCommand,
  visit: RunVisit,
  report: Report,
  { leavesCache, clears, command: text }: Cleanup,
): void {
  if (!leavesCache(command)) return;
  const { commands } = visit.run;
  const cleared = commands.slice(commands.indexOf(command) + 1).some(clears);
  if (cleared) return;
  const fix = isLastToLeave(visit.run, command, leavesCache)
    ? appendCommand(visit.instruction, visit.run, text)
    : [];
  reportCommand(command, visit, report, { fix });
}

/** Of several such commands only one brings the fix: it is enough for all. */
function isLastToLeave(
  { commands }: LintedRun,
  command: SimpleCommand,
  leavesCache: (command: SimpleCommand) => boolean,
): boolean {
  return commands.filter(leavesCache).at(-1) === command;
}
