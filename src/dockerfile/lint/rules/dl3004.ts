import type { Rule } from '../rule.ts';
import { reportCommand } from './report-command.ts';

export const dl3004: Rule = {
  code: 'DL3004',
  severity: 'error',
  title: 'Do not use `sudo` in a build',
  documentation: `\`sudo\` starts a process of its own between the build and the command: signals, terminals and
variables behave differently. Use USER to say who runs a step, and \`gosu\` or \`setpriv\` in an
entrypoint.`,
  bad: ['FROM debian:12\nRUN sudo make install\n'],
  good: ['FROM debian:12\nUSER root\nRUN make install\nUSER 1000\n'],
  programs: ['sudo'],
  command: reportCommand,
};
