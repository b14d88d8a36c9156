import type { Rule } from '../rule.ts';
import { hasArgument, hasFlag } from '../shell/command-line.ts';
import { insertFlag } from './insert-flag.ts';
import { reportCommand } from './report-command.ts';

export const dl3047: Rule = {
  code: 'DL3047',
  severity: 'info',
  title: 'Keep the progress bar of `wget` out of the log: `--progress=dot:giga`, `-nv` or `-q`',
  documentation: `Without a terminal \`wget\` writes a line for every few kilobytes. The
\`wget\` of BusyBox knows \`-q\` alone, so there is a fix only where another is known to be.`,
  bad: [
    'FROM debian:12\nRUN wget https://example.com/x\n',
    'FROM alpine:3.20\nRUN wget https://example.com/x\n',
  ],
  good: [
    'FROM debian:12\nRUN wget --progress=dot:giga https://example.com/x\n',
    'FROM debian:12\nRUN wget -q https://example.com/x\n',
    'FROM debian:12\nRUN wget -nv https://example.com/x\n',
  ],
  programs: ['wget'],
  command(command, visit, report) {
    const quiet = [
      'progress',
      'q',
      'quiet',
      'o',
      'output-file',
      'a',
      'append-output',
      'no-verbose',
    ];
    if (hasFlag(command, ...quiet) || hasArgument(command, '-nv')) return;
    // Distributions with these have GNU's.
    const isGnu = visit.stage.base?.packageManagers?.some((name) =>
      /^(?:apt|dnf|zypper)/.test(name),
    );
    const fix = isGnu ? insertFlag(command, '--progress=dot:giga') : undefined;
    reportCommand(command, visit, report, { fix });
  },
};
