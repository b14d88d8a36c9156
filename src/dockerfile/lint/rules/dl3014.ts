import type { Rule } from '../rule.ts';
import { flagsOf, flagValues, hasArgument, hasFlag } from '../shell/command-line.ts';
import { insertFlag } from './insert-flag.ts';
import { reportCommand } from './report-command.ts';

export const dl3014: Rule = {
  code: 'DL3014',
  severity: 'warning',
  title: 'Nobody can answer a question during a build: `apt-get install -y`',
  documentation: `Without \`-y\` apt-get asks whether to go on, gets no answer and gives up.`,
  bad: [
    'FROM debian:12\nRUN apt-get install curl=1\n',
    'FROM debian:12\nRUN apt-get install \\\n  curl=1\n',
  ],
  good: [
    'FROM debian:12\nRUN apt-get install -y curl=1\n',
    'FROM debian:12\nRUN apt-get install -qq curl=1\n',
    'FROM debian:12\nRUN apt-get -q=2 install curl=1\n',
  ],
  programs: ['apt-get'],
  command(command, visit, report) {
    if (!hasArgument(command, 'install') || hasFlag(command, 'y', 'yes', 'assume-yes')) return;
    const quiet = flagsOf(command).filter(({ name }) => name === 'q' || name === 'quiet').length;
    if (quiet >= 2 || hasArgument(command, '-q=2') || flagValues(command, 'quiet').includes('2'))
      return;
    reportCommand(command, visit, report, { fix: insertFlag(command, '-y', ['install']) });
  },
};
