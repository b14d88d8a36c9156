import type { Fix, Rule, RunVisit } from '../rule.ts';
import { type SimpleCommand, sourceSpan } from '../shell/shell-script.ts';
import { reportCommand } from './report-command.ts';
import { isRoot } from './users.ts';

export const dl3004: Rule = {
  code: 'DL3004',
  severity: 'error',
  title: 'Do not use `sudo` in a build',
  documentation: `\`sudo\` starts a process of its own between the build and the command: signals, terminals and
variables behave differently. Use USER to say who runs a step, and \`gosu\` or \`setpriv\` in an
entrypoint. Where the user is root for certain, it is simply left out.`,
  bad: [
    'FROM debian:12\nRUN sudo make install\n',
    'FROM debian:12\nRUN sudo -u app make install\n',
    'FROM example.com/base:1\nRUN sudo make install\n',
    'FROM example.com/base:1\nUSER root\nRUN echo a | sudo tee /etc/a\n',
  ],
  good: ['FROM debian:12\nUSER root\nRUN make install\nUSER 1000\n'],
  programs: ['sudo'],
  command(command, visit, report) {
    const fix = isCertainlyRoot(visit) ? withoutSudo(command) : undefined;
    reportCommand(command, visit, report, { fix });
  },
};

function isCertainlyRoot({ place, linted: { user } }: RunVisit): boolean {
  // Who a trigger runs as is up to the stage that is built from this one.
  return place.kind !== 'onbuild' && user !== undefined && (user === '' || isRoot(user));
}

/** Options, variables and what only a shell knows are for sudo to make sense of. */
function withoutSudo({ script, nameWord, args }: SimpleCommand): Fix | undefined {
  const [program] = args;
  if (!program?.isLiteral || !/^[\w./][\w./-]*$/.test(program.text)) return undefined;
  if (script.written !== 'plain' || nameWord.end - nameWord.start !== 'sudo'.length)
    return undefined;
  return [{ ...sourceSpan(script, nameWord.start, program.start), text: '' }];
}
