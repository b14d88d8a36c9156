import type { Rule } from '../rule.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { broughtIn } from './brought-in.ts';
import { imageWith } from './image-with.ts';
import { commandFocus } from './report-command.ts';
import { ancestors } from './stages.ts';

const managers = new Set(['apk', 'apt', 'apt-get', 'dnf', 'microdnf', 'pacman', 'yum', 'zypper']);

export const bl1003: Rule = {
  code: 'BL1003',
  severity: 'error',
  title: 'The base image does not have this package manager',
  unfixable: 'package names differ between distributions',
  documentation: `Debian and Ubuntu have \`apt-get\`, Alpine \`apk\`, Fedora and Red Hat \`dnf\`, openSUSE \`zypper\`. The
rule knows official images by their names, and of others what the daemon finds in them. A command that is
tried only where it exists (\`command -v apk\`) is not reported.`,
  bad: [
    'FROM alpine:3.20\nRUN apt-get install -y curl=1\n',
    'FROM node:22-alpine AS a\nFROM a\nRUN apt-get update\n',
    'FROM debian:12\nRUN apk add --no-cache curl=1\n',
    'ARG BASE=alpine:3.20\nFROM $BASE\nRUN apt-get update\n',
    {
      text: 'FROM team/base:1\nRUN apt-get update\n',
      options: { baseImages: new Map([['team/base:1', { packageManagers: ['dnf'] }]]) },
    },
  ],
  good: [
    'FROM alpine:3.20\nRUN apk add --no-cache curl=1\n',
    'FROM example.com/base:1\nRUN apt-get update\n',
    {
      text: 'ARG BASE=alpine:3.20\nFROM $BASE\nRUN apt-get update\n',
      options: { buildArgs: { BASE: 'debian:12' } },
    },
    'FROM debian:12\nRUN if command -v apk; then apk add --no-cache curl=1; fi\n',
    'FROM alpine:3.20\nRUN apk add --no-cache zypper=1 && zypper clean\n',
  ],
  stage({ stage }, report) {
    const known = stage.base?.packageManagers;
    if (!known) return;
    const [, ...others] = ancestors(stage);
    const brought = broughtIn(others);
    for (const linted of stage.instructions) {
      const { run, place } = linted;
      brought.add(linted);
      const command = run?.commands.find(
        ({ name }) => managers.has(name) && !known.includes(name) && !brought.mayHave(name),
      );
      if (!command || isGuarded(run!.commands)) continue;
      const message = `${imageWith(stage.base)} has ${list(known)}, not ${command.name}`;
      report(place, { focus: commandFocus(command), message });
    }
  },
};

function list(names: readonly string[]): string {
  return names.length === 0 ? 'no package manager' : names[0]!;
}

/** Whether the script looks first what there is. */
function isGuarded(commands: readonly SimpleCommand[]): boolean {
  return commands.some(
    ({ name, nameWord, args }) =>
      /^(?:which|type|hash|\[|test)$/.test(name) ||
      /^-[vV]/.test(name) ||
      (nameWord.text === 'command' && /^-[vV]$/.test(args[0]?.text ?? '')),
  );
}
