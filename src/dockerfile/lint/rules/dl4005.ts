import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl4005: Rule = {
  code: 'DL4005',
  severity: 'warning',
  title: 'Choose the shell with SHELL, not with a link at `/bin/sh`',
  unfixable: 'other programs may rely on the link',
  documentation: `Other programs of the image rely on \`/bin/sh\` being what it was. SHELL changes what RUN, CMD and
ENTRYPOINT use and nothing else.`,
  bad: ['FROM debian:12\nRUN ln -sf /bin/bash /bin/sh\n'],
  good: ['FROM debian:12\nSHELL ["/bin/bash", "-c"]\n'],
  programs: ['ln'],
  command(command, visit, report) {
    if (hasArgument(command, '/bin/sh')) reportCommand(command, visit, report);
  },
};
