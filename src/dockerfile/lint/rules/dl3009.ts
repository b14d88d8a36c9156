import type { LintedRun, LintedStage } from '../linted-file.ts';
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
  bad: [
    'FROM debian:12\nRUN apt-get update && apt-get install -y curl=1\n',
    'FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl=1\nEOF\n',
    'FROM debian:12\nRUN apt-get update; apt-get install -y curl=1\n',
  ],
  good: [
    'FROM debian:12\nRUN apt-get update && apt-get install -y curl=1 && rm -rf /var/lib/apt/lists/*\n',
    'FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt/lists apt-get update\n',
    'FROM debian:12 AS unused\nRUN apt-get update\nFROM alpine:3\n',
  ],
  run(visit, report) {
    const { run, instruction } = visit;
    const updates = run.commands.filter(
      (command) => managers.has(command.name) && hasArgument(command, 'update'),
    );
    const [command] = updates;
    if (!command || !isKept(visit)) return;
    if (run.commands.some(removesLists) || keepsOutOfImage(visit)) return;
    const installs = run.commands.some((other) => hasArgument(other, 'install'));
    const fix =
      installs && !laterStepsNeedLists(visit)
        ? appendCommand(instruction, run, 'rm -rf /var/lib/apt/lists/*')
        : undefined;
    reportCommand(command, visit, report, { fix });
  },
};

const managers = new Set(['apt', 'apt-get', 'aptitude']);

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
  let last = lastNeeds.get(stage);
  if (last === undefined) {
    last = stage.instructions.findLastIndex(({ run }) => run && installsWithoutUpdate(run));
    lastNeeds.set(stage, last);
  }
  return last > linted.index;
}

/** Asked for every RUN of a stage, worked out once. */
const lastNeeds = new WeakMap<LintedStage, number>();

function installsWithoutUpdate({ commands }: LintedRun): boolean {
  const apt = commands.filter(({ name }) => /^apt(?:-get|itude)?$/.test(name));
  const installs = apt.some((command) => hasArgument(command, 'install', 'build-dep'));
  return installs && !apt.some((command) => hasArgument(command, 'update'));
}
