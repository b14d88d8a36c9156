import type { Rule } from '../rule.ts';
import { hasArgument, hasFlag } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl3015: Rule = {
  code: 'DL3015',
  severity: 'info',
  title: 'Leave out packages that are only recommended: `--no-install-recommends`',
  unfixable: 'something may rely on a recommended package',
  documentation: `apt-get installs what a package recommends as well as what it needs. In an image that is
mostly size and attack surface. There is no automatic fix: something may rely on a recommended
package, which should then be named.`,
  bad: ['FROM debian:12\nRUN apt-get install -y curl=1\n'],
  good: [
    'FROM debian:12\nRUN apt-get install -y --no-install-recommends curl=1\n',
    'FROM debian:12\nRUN apt-get install -y -o APT::Install-Recommends=false curl=1\n',
  ],
  programs: ['apt-get'],
  command(command, visit, report) {
    if (!hasArgument(command, 'install') || hasFlag(command, 'no-install-recommends')) return;
    if (command.args.some(({ text }) => /APT::Install-Recommends=(?:false|0|no)$/i.test(text)))
      return;
    reportCommand(command, visit, report);
  },
};
