import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import { reportMissingCleanup } from './missing-cleanup.ts';
import { hasMountAt } from './mounts.ts';
import { removesBelow } from './removals.ts';

export const dl3036: Rule = {
  code: 'DL3036',
  severity: 'warning',
  title: 'Clear what zypper downloaded in the same step: `zypper clean`',
  documentation: `zypper keeps metadata and packages under \`/var/cache/zypp\`. What the same RUN does not delete is
in the layer for good.`,
  bad: ['FROM opensuse/leap:15\nRUN zypper install -y curl=1\n'],
  good: [
    'FROM opensuse/leap:15\nRUN zypper install -y curl=1 && zypper clean\n',
    'FROM opensuse/leap:15\nRUN --mount=type=cache,target=/var/cache/zypp zypper in -y curl=1\n',
  ],
  run(visit, report) {
    if (hasMountAt(visit.instruction, '/var/cache/zypp')) return;
    reportMissingCleanup(visit, report, {
      leavesCache: (other) => other.name === 'zypper' && hasArgument(other, 'install', 'in'),
      clears: (other) =>
        (other.name === 'zypper' && hasArgument(other, 'clean', 'cc')) ||
        removesBelow(other, '/var/cache/zypp'),
      commandAfter: () => 'zypper clean',
    });
  },
};
