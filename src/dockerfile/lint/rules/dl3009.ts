import type { Rule, RunVisit } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { appendCommand } from './append-command.ts';
import { hasMountAt } from './mounts.ts';
import { reportCommand } from './report-command.ts';
import { isKept } from './stages.ts';

export const dl3009: Rule = {
  code: 'DL3009',
  severity: 'info',
  title: 'Delete the package lists in the step that fetched them: `rm -rf /var/lib/apt/lists/*`',
  documentation: `The lists that \`apt-get update\` fetches are some tens of megabytes that the image never needs
again. They must go in the same RUN: a later one hides them, and the layer keeps them. A cache mount
on \`/var/lib/apt/lists\` keeps them out of the image too.`,
  bad: ['FROM debian:12\nRUN apt-get update && apt-get install -y curl=1\n'],
  good: [
    'FROM debian:12\nRUN apt-get update && apt-get install -y curl=1 && rm -rf /var/lib/apt/lists/*\n',
    'FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt/lists apt-get update\n',
    'FROM debian:12 AS unused\nRUN apt-get update\nFROM alpine:3\n',
  ],
  programs: ['apt-get', 'apt', 'aptitude'],
  command(command, visit, report) {
    if (!hasArgument(command, 'update') || !isKept(visit.stage, visit.file)) return;
    const { run, instruction } = visit;
    if (run.commands.some(removesLists) || keepsOutOfImage(visit)) return;
    const installs = run.commands.some((other) => hasArgument(other, 'install'));
    const fix =
      installs && !laterStepsNeedLists(visit)
        ? appendCommand(instruction, run, 'rm -rf /var/lib/apt/lists/*')
        : undefined;
    reportCommand(command, visit, report, { fix });
  },
};

function removesLists(command: SimpleCommand): boolean {
  return (
    command.name === 'rm' && command.args.some(({ text }) => /^\/var\/lib\/apt(?:\/|$)/.test(text))
  );
}

function keepsOutOfImage({ instruction }: RunVisit): boolean {
  return (
    hasMountAt(instruction, '/var/lib/apt/lists') ||
    (hasMountAt(instruction, '/var/lib/apt') && hasMountAt(instruction, '/var/cache/apt'))
  );
}

/** Whether a later RUN installs without fetching the lists itself. */
function laterStepsNeedLists({ stage, linted }: RunVisit): boolean {
  const later = stage.instructions.slice(stage.instructions.indexOf(linted) + 1);
  return later.some(({ run }) => {
    const apt = run?.commands.filter(({ name }) => /^apt(?:-get|itude)?$/.test(name)) ?? [];
    const installs = apt.some((command) => hasArgument(command, 'install', 'build-dep'));
    return installs && !apt.some((command) => hasArgument(command, 'update'));
  });
}
