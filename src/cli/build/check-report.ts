import type { BuildMessage } from '../../client/index.ts';
import { renderPlace } from '../../dockerfile/index.ts';

type Warning = Extract<BuildMessage, { kind: 'warning' }>;

/** What `--check` prints: how many warnings there are, and each with the lines it is about. */
export function checkReport(warnings: readonly Warning[]): string {
  const [only] = warnings;
  if (!only) return 'Check complete, no warnings found.\n';
  const count =
    warnings.length === 1
      ? '1 warning has been found!'
      : `${warnings.length} warnings have been found!`;
  return `Check complete, ${count}\n${warnings.map(warningText).join('')}`;
}

function warningText({ code, message, place, detail }: Warning): string {
  const lines = place ? renderPlace(place, message) : message;
  return `\nWARNING: ${code}${detail ? ` - ${detail}` : ''}\n${lines}\n`;
}
