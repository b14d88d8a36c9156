import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import { reportMissingCleanup } from './missing-cleanup.ts';
import { hasMountWith } from './mounts.ts';
import { removesBelow } from './removals.ts';
import { isKept } from './stages.ts';

export const dl3060: Rule = {
  code: 'DL3060',
  severity: 'info',
  title: 'Clear what yarn downloaded in the same step: `yarn cache clean`',
  documentation: `yarn keeps every package it downloads. What the same RUN does not clear is in the layer for good;
a cache mount keeps it out of the image and makes later builds quicker.`,
  bad: ['FROM node:22\nRUN yarn install\n'],
  good: [
    'FROM node:22\nRUN yarn install && yarn cache clean\n',
    'FROM node:22\nRUN --mount=type=cache,target=/root/.cache/yarn yarn install\n',
    'FROM node:22 AS build\nRUN yarn install\nFROM nginx:1.27\nCOPY --from=build /out /out\n',
  ],
  run(visit, report) {
    if (hasMountWith(visit.instruction, '.cache/yarn') || !isKept(visit)) return;
    reportMissingCleanup(visit, report, {
      leavesCache: (other) => other.name === 'yarn' && hasArgument(other, 'install'),
      clears: (other) =>
        (other.name === 'yarn' && hasArgument(other, 'cache') && hasArgument(other, 'clean')) ||
        removesBelow(other, '/root/.cache/yarn', '/usr/local/share/.cache/yarn'),
      commandAfter: () => 'yarn cache clean',
    });
  },
};
