import type { Rule } from '../rule.ts';
import { operandsAfter } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl3018: Rule = {
  code: 'DL3018',
  severity: 'warning',
  title: 'Pin the versions of packages: `apk add <package>=<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version the repository of the day decides what is installed. \`=\` names one version
and \`~\` a range of them.`,
  bad: ['FROM alpine:3.20\nRUN apk add --no-cache curl\n'],
  good: [
    'FROM alpine:3.20\nRUN apk add --no-cache curl=8.9.1-r1 git~2.45 local.apk\n',
    'FROM alpine:3.20\nRUN apk add --no-cache --virtual .build make=4.4.1-r2\n',
  ],
  programs: ['apk'],
  command(command, visit, report) {
    const packages = operandsAfter(
      command,
      ['add'],
      ['t', 'virtual', 'repository', 'X', 'p', 'root', 'arch'],
    );
    const isPinned = (text: string) => /[=~]|\.apk$/.test(text);
    if (packages?.some(({ text }) => !isPinned(text))) reportCommand(command, visit, report);
  },
};
