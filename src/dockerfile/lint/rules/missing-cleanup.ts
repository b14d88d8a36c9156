import type { Report, RunVisit } from '../rule.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { appendCommand } from './append-command.ts';
import { reportCommand } from './report-command.ts';

/** How a package manager leaves a cache behind, and what clears it. */
export interface Cleanup {
  leavesCache(command: SimpleCommand): boolean;
  clears(command: SimpleCommand): boolean;
  /** What to add after the command that leaves the cache. */
  commandAfter(command: SimpleCommand): string;
}

/** Reports a RUN in which nothing clears the cache after the last command that leaves one. */
export function reportMissingCleanup(
  visit: RunVisit,
  report: Report,
  { leavesCache, clears, commandAfter }: Cleanup,
): void {
  const { run, instruction } = visit;
  const last = run.commands.findLastIndex(leavesCache);
  if (last < 0 || run.commands.findLastIndex(clears) > last) return;
  const command = run.commands[last]!;
  const fix = appendCommand(instruction, run, commandAfter(command));
  reportCommand(command, visit, report, { fix });
}
