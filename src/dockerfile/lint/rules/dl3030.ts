import type { Rule } from '../rule.ts';
import { hasArgument, hasFlag } from '../shell/command-line.ts';
import { insertFlag } from './insert-flag.ts';
import { reportCommand } from './report-command.ts';

const subcommands = ['install', 'groupinstall', 'localinstall', 'reinstall'];

export const dl3030: Rule = {
  code: 'DL3030',
  severity: 'warning',
  title: 'Nobody can answer a question during a build: `yum install -y`',
  documentation: `Without \`-y\` yum asks whether to go on, gets no answer and gives up.`,
  bad: ['FROM rockylinux:9\nRUN yum install curl-1 && yum clean all\n'],
  good: ['FROM rockylinux:9\nRUN yum install -y curl-1 && yum clean all\n'],
  programs: ['yum'],
  command(command, visit, report) {
    if (!hasArgument(command, ...subcommands) || hasFlag(command, 'y', 'assumeyes')) return;
    reportCommand(command, visit, report, { fix: insertFlag(command, '-y', subcommands) });
  },
};
