import type { Rule } from '../rule.ts';
import { reportCommand } from './report-command.ts';

export const dl3001: Rule = {
  code: 'DL3001',
  severity: 'info',
  title: 'This command does nothing useful while an image is built',
  unfixable: 'what the command was for is not known',
  documentation: `\`ssh\`, \`vim\`, \`shutdown\`, \`service\`, \`ps\`, \`free\`, \`top\`, \`kill\` and \`mount\` need a
person, an init system, other processes or rights that a build step does not have. A service that
was started is gone when the step ends.`,
  bad: ['FROM debian:12\nRUN service nginx start\n', 'FROM debian:12\nRUN make && top\n'],
  good: ['FROM debian:12\nRUN make\n'],
  programs: ['free', 'kill', 'mount', 'ps', 'service', 'shutdown', 'ssh', 'top', 'vim'],
  command: reportCommand,
};
