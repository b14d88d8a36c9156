import type { Rule } from '../rule.ts';
import { hasArgument, hasFlag } from '../shell/command-line.ts';
import { insertFlag } from './insert-flag.ts';
import { hasMountAt } from './mounts.ts';
import { reportCommand } from './report-command.ts';

export const dl3019: Rule = {
  code: 'DL3019',
  severity: 'info',
  title: 'Keep the package index out of the image: `apk add --no-cache`',
  documentation: `\`--no-cache\` fetches the index for this one command and leaves nothing behind, so neither
\`--update\` nor \`rm -rf /var/cache/apk/*\` is needed. A cache mount on \`/var/cache/apk\` does as well.`,
  bad: [
    'FROM alpine:3.20\nRUN apk add curl=1\n',
    'FROM alpine:3.20\nRUN apk --update add curl=1\n',
  ],
  good: [
    'FROM alpine:3.20\nRUN apk add --no-cache curl=1\n',
    'FROM alpine:3.20\nRUN --mount=type=cache,target=/var/cache/apk apk add curl=1\n',
  ],
  programs: ['apk'],
  command(command, visit, report) {
    if (!hasArgument(command, 'add') || hasFlag(command, 'no-cache')) return;
    if (hasMountAt(visit.instruction, '/var/cache/apk')) return;
    reportCommand(command, visit, report, { fix: insertFlag(command, '--no-cache', ['add']) });
  },
};
