import type { Rule } from '../rule.ts';
import { reportCommand } from './report-command.ts';

export const dl3003: Rule = {
  code: 'DL3003',
  severity: 'warning',
  title: 'Change the directory with WORKDIR, not with `cd`',
  unfixable: 'WORKDIR would hold for the steps after it too',
  documentation: `\`cd\` holds for one RUN only, and readers have to follow it through the script. WORKDIR says
once where the steps after it run.`,
  bad: ['FROM debian:12\nRUN cd /src && make\n'],
  good: ['FROM debian:12\nWORKDIR /src\nRUN make\n'],
  programs: ['cd'],
  command: reportCommand,
};
