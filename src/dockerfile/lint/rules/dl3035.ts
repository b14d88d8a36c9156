import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl3035: Rule = {
  code: 'DL3035',
  severity: 'warning',
  title: 'Do not upgrade the distribution in a build: start from a newer base image',
  unfixable: 'which release to start from is yours to choose',
  documentation: `\`zypper dist-upgrade\` replaces most of the base image in a layer on top of it: the image holds
both, and the tag in FROM no longer says what is inside.`,
  bad: [
    'FROM opensuse/leap:15\nRUN zypper dist-upgrade -y\n',
    'FROM opensuse/leap:15\nRUN zypper dup -y\n',
  ],
  good: ['FROM opensuse/leap:15.6\nRUN zypper update -y && zypper clean\n'],
  programs: ['zypper'],
  command(command, visit, report) {
    if (hasArgument(command, 'dist-upgrade', 'dup')) reportCommand(command, visit, report);
  },
};
