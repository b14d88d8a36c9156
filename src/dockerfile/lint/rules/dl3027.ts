import type { Rule } from '../rule.ts';
import { operands } from '../shell/command-line.ts';
import { sourceSpan } from '../shell/shell-script.ts';
import { reportCommand } from './report-command.ts';

/** What both programs understand alike. */
const shared = new Set([
  'install',
  'update',
  'upgrade',
  'remove',
  'purge',
  'autoremove',
  'autopurge',
  'clean',
  'autoclean',
  'build-dep',
  'download',
  'source',
  'satisfy',
]);

export const dl3027: Rule = {
  code: 'DL3027',
  severity: 'warning',
  title: 'Use `apt-get` or `apt-cache`: `apt` is made for people',
  documentation: `\`apt\` says of itself that its command line may change between versions and should not be used
in scripts.`,
  bad: ['FROM debian:12\nRUN apt update\n', 'FROM debian:12\nRUN apt search curl\n'],
  good: ['FROM debian:12\nRUN apt-cache search curl\n'],
  programs: ['apt'],
  command(command, visit, report) {
    const { script, nameWord } = command;
    const isWritten =
      script.written !== 'escaped' && nameWord.end - nameWord.start === 'apt'.length;
    const isShared = shared.has(operands(command)[0]?.text ?? '');
    const fix =
      isWritten && isShared
        ? [{ ...sourceSpan(script, nameWord.start, nameWord.end), text: 'apt-get' }]
        : undefined;
    reportCommand(command, visit, report, { fix });
  },
};
