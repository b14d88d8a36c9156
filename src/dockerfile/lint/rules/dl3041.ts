import type { Rule } from '../rule.ts';
import { dnfPrograms } from './dnf.ts';
import { reportCommand } from './report-command.ts';
import { installsUnpinned } from './rpm-versions.ts';

export const dl3041: Rule = {
  code: 'DL3041',
  severity: 'warning',
  title: 'Pin the versions of packages: `dnf install -y <package>-<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version the repository of the day decides what is installed. A module wants its stream:
\`dnf module install -y nodejs:20\`.`,
  bad: [
    'FROM fedora:40\nRUN dnf install -y curl && dnf clean all\n',
    'FROM fedora:40\nRUN dnf install -y python3-devel && dnf clean all\n',
  ],
  good: [
    'FROM fedora:40\nRUN dnf install -y curl-8.6.0 python3-devel-3.12.2 ./local.rpm && dnf clean all\n',
  ],
  programs: dnfPrograms,
  command(command, visit, report) {
    if (installsUnpinned(command)) reportCommand(command, visit, report);
  },
};
