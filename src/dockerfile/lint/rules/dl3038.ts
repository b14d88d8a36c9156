import type { Rule } from '../rule.ts';
import { hasArgument, hasFlag } from '../shell/command-line.ts';
import { dnfPrograms } from './dnf.ts';
import { insertFlag } from './insert-flag.ts';
import { reportCommand } from './report-command.ts';

const subcommands = ['install', 'groupinstall', 'localinstall', 'reinstall'];

export const dl3038: Rule = {
  code: 'DL3038',
  severity: 'warning',
  title: 'Nobody can answer a question during a build: `dnf install -y`',
  documentation: `Without \`-y\` dnf asks whether to go on, gets no answer and gives up.`,
  bad: ['FROM fedora:40\nRUN dnf install curl-8 && dnf clean all\n'],
  good: [
    'FROM fedora:40\nRUN dnf install -y curl-8 && dnf clean all\n',
    'FROM fedora:40\nRUN microdnf -y install curl-8 && microdnf clean all\n',
  ],
  programs: dnfPrograms,
  command(command, visit, report) {
    if (!hasArgument(command, ...subcommands) || hasFlag(command, 'y', 'assumeyes')) return;
    reportCommand(command, visit, report, { fix: insertFlag(command, '-y', subcommands) });
  },
};
