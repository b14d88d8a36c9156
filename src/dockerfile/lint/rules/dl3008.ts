import type { Rule } from '../rule.ts';
import { operandsAfter } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl3008: Rule = {
  code: 'DL3008',
  severity: 'warning',
  title: 'Pin the versions of packages: `apt-get install <package>=<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version the mirror of the day decides what is installed, and a step that is in the
cache keeps what was current when it ran. A pinned version makes the cache and the mirror agree, and
shows in review when a package changes.`,
  bad: [
    'FROM debian:12\nRUN apt-get install -y curl\n',
    'FROM debian:12\nRUN apt-get install -y $PACKAGES\n',
  ],
  good: [
    'FROM debian:12\nRUN apt-get install -y curl=7.88.1-10\n',
    'FROM debian:12\nRUN apt-get install -y -t stable curl=7.88.1-10\n',
    'FROM debian:12\nRUN apt-get install -y ./local.deb curl/bookworm\n',
  ],
  programs: ['apt-get'],
  command(command, visit, report) {
    const packages = operandsAfter(
      command,
      ['install'],
      ['t', 'target-release', 'o', 'option', 'c'],
    );
    const isPinned = (text: string) => /[=/]|\.deb$/.test(text);
    if (packages?.some(({ text }) => !isPinned(text))) reportCommand(command, visit, report);
  },
};
