import type { Rule } from '../rule.ts';
import { reportCommand } from './report-command.ts';
import { installsUnpinned } from './rpm-versions.ts';

export const dl3033: Rule = {
  code: 'DL3033',
  severity: 'warning',
  title: 'Pin the versions of packages: `yum install -y <package>-<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version the repository of the day decides what is installed. A module wants its stream:
\`yum module install -y nodejs:20\`.`,
  bad: [
    'FROM rockylinux:9\nRUN yum install -y curl && yum clean all\n',
    'FROM rockylinux:9\nRUN yum module install -y nodejs && yum clean all\n',
  ],
  good: [
    'FROM rockylinux:9\nRUN yum install -y curl-7.76.1 && yum clean all\n',
    'FROM rockylinux:9\nRUN yum module install -y nodejs:20 && yum clean all\n',
    'FROM rockylinux:9\nRUN yum install -y ./local.rpm && yum clean all\n',
  ],
  programs: ['yum'],
  command(command, visit, report) {
    if (installsUnpinned(command)) reportCommand(command, visit, report);
  },
};
