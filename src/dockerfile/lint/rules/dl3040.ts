import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import { reportMissingCleanup } from './missing-cleanup.ts';
import { hasMountAt, hasMountWith } from './mounts.ts';
import { removesBelow } from './removals.ts';

export const dl3040: Rule = {
  code: 'DL3040',
  severity: 'warning',
  title: 'Clear what dnf downloaded in the same step: `dnf clean all`',
  documentation: `dnf keeps packages and metadata under \`/var/cache/dnf\` or \`/var/cache/libdnf5\`. What the same
RUN does not delete is in the layer for good. What microdnf leaves is for microdnf to clear.`,
  bad: [
    'FROM fedora:40\nRUN dnf install -y curl-8\n',
    'FROM fedora:40\nRUN microdnf install -y curl-8\n',
    'FROM fedora:40\nRUN microdnf install -y curl-8 && dnf clean all\n',
  ],
  good: [
    'FROM fedora:40\nRUN dnf install -y curl-8 && dnf clean all\n',
    'FROM fedora:40\nRUN --mount=type=cache,target=/var/cache/libdnf5 dnf install -y curl-8\n',
    'FROM fedora:40\nRUN dnf install -y curl-8 && rm -rf /var/cache/libdnf5*\n',
  ],
  run(visit, report) {
    const { instruction } = visit;
    const isMounted =
      hasMountAt(instruction, '/var/cache/dnf') ||
      hasMountAt(instruction, '/var/cache/yum') ||
      hasMountAt(instruction, '/var/cache/libdnf5') ||
      hasMountWith(instruction, '.cache/libdnf5');
    if (isMounted) return;
    for (const programs of [['dnf', 'dnf5'], ['microdnf']]) {
      reportMissingCleanup(visit, report, {
        leavesCache: (other) => programs.includes(other.name) && hasArgument(other, 'install'),
        clears: (other) =>
          (programs.includes(other.name) && hasArgument(other, 'clean')) ||
          removesBelow(other, '/var/cache/dnf', '/var/cache/yum', '/var/cache/libdnf5'),
        commandAfter: ({ name }) => `${name} clean all`,
      });
    }
  },
};
