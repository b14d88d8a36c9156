import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import { reportMissingCleanup } from './missing-cleanup.ts';
import { hasMountAt } from './mounts.ts';
import { removesBelow } from './removals.ts';

export const dl3032: Rule = {
  code: 'DL3032',
  severity: 'warning',
  title: 'Clear what yum downloaded in the same step: `yum clean all`',
  documentation: `yum keeps packages and metadata under \`/var/cache/yum\`. What the same RUN does not delete is in
the layer for good.`,
  bad: [
    'FROM rockylinux:9\nRUN yum install -y curl-1\n',
    'FROM rockylinux:9\nRUN yum clean all && yum install -y curl-1\n',
  ],
  good: [
    'FROM rockylinux:9\nRUN yum install -y curl-1 && yum clean all\n',
    'FROM rockylinux:9\nRUN yum install -y curl-1 && rm -rf /var/cache/yum/*\n',
    'FROM rockylinux:9\nRUN --mount=type=cache,target=/var/cache/yum yum install -y curl-1\n',
  ],
  run(visit, report) {
    if (hasMountAt(visit.instruction, '/var/cache/yum')) return;
    reportMissingCleanup(visit, report, {
      leavesCache: (other) => other.name === 'yum' && hasArgument(other, 'install'),
      clears: (other) =>
        (other.name === 'yum' && hasArgument(other, 'clean')) ||
        removesBelow(other, '/var/cache/yum', '/var/cache/dnf'),
      commandAfter: () => 'yum clean all',
    });
  },
};
