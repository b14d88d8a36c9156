import type { Rule } from '../rule.ts';
import { flagsOf, flagValues, hasFlag } from '../shell/command-line.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { insertFlag } from './insert-flag.ts';
import { reportCommand } from './report-command.ts';

/** User ids with more digits than this are high. */
const plainDigits = 5;

export const dl3046: Rule = {
  code: 'DL3046',
  severity: 'warning',
  title: '`useradd` with a high user id needs `-l`, or the image grows enormously',
  documentation: `\`useradd\` writes to \`/var/log/lastlog\` and \`faillog\`, sparse files with a place for every user
id up to the highest. Layers do not keep files sparse, so an id of ten digits can cost gigabytes.
\`-l\` leaves these files alone.`,
  bad: [
    'FROM debian:12\nRUN useradd -u 1234567 app\n',
    'FROM debian:12\nRUN useradd --uid=1234567 app\n',
  ],
  good: [
    'FROM debian:12\nRUN useradd -l -u 1234567 app\n',
    'FROM debian:12\nRUN useradd -u 1000 app\n',
  ],
  programs: ['useradd'],
  command(command, visit, report) {
    if (hasFlag(command, 'l', 'no-log-init')) return;
    if (userIds(command).some((id) => id.length > plainDigits)) {
      reportCommand(command, visit, report, { fix: insertFlag(command, '-l') });
    }
  },
};

/** What `-u ID`, `--uid=ID` and `-uID` give. */
function userIds(command: SimpleCommand): string[] {
  const joined = flagsOf(command).flatMap(({ word }) => /^-u(\d+)$/.exec(word.text)?.[1] ?? []);
  return joined.length > 0
    ? joined
    : flagValues(command, 'u', 'uid').filter((id) => /^\d+$/.test(id));
}
