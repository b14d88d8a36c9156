import type { Rule } from '../rule.ts';
import { hasArgument, hasFlag } from '../shell/command-line.ts';
import { insertFlag } from './insert-flag.ts';
import { reportCommand } from './report-command.ts';

const subcommands = ['install', 'in', 'remove', 'rm', 'source-install', 'si', 'patch'];

export const dl3034: Rule = {
  code: 'DL3034',
  severity: 'warning',
  title: 'Nobody can answer a question during a build: `zypper install -y`',
  documentation: `Without \`-y\` or \`--non-interactive\` zypper asks whether to go on, gets no answer and gives up.`,
  bad: ['FROM opensuse/leap:15\nRUN zypper install curl=1 && zypper clean\n'],
  good: [
    'FROM opensuse/leap:15\nRUN zypper install -y curl=1 && zypper clean\n',
    'FROM opensuse/leap:15\nRUN zypper -n in curl=1 && zypper clean\n',
  ],
  programs: ['zypper'],
  command(command, visit, report) {
    if (!hasArgument(command, ...subcommands)) return;
    if (hasFlag(command, 'y', 'n', 'no-confirm', 'non-interactive')) return;
    reportCommand(command, visit, report, { fix: insertFlag(command, '-y', subcommands) });
  },
};
