import type { Rule } from '../rule.ts';
import { hasArgument } from '../shell/command-line.ts';
import type { SimpleCommand } from '../shell/shell-script.ts';
import { commandFocus } from './report-command.ts';
import { isRoot } from './users.ts';

export const bl1004: Rule = {
  code: 'BL1004',
  severity: 'error',
  title: 'Packages are installed as a user who may not',
  unfixable: 'which user the steps after it need is yours to say',
  documentation: `A USER before this step, here, in the stage this one is built from or in the base image, is not
root, and package managers of the system want root. Install first and switch the user after it, or
switch to root for the step.`,
  bad: [
    'FROM debian:12\nUSER 1000\nRUN apt-get update\n',
    'FROM alpine:3 AS a\nUSER app\nFROM a\nRUN apk add --no-cache curl=1\n',
  ],
  good: [
    'FROM debian:12\nRUN apt-get update\nUSER 1000\n',
    'FROM debian:12 AS a\nUSER 1000\nFROM a\nUSER root\nRUN apt-get update\n',
    'FROM debian:12\nUSER $WHO\nRUN apt-get update\n',
    'FROM debian:12\nUSER 1000\nRUN apt-get --version\n',
  ],
  run({ run, place, linted: { user } }, report) {
    if (user === undefined || user === '' || isRoot(user) || user.includes('$')) return;
    const command = run.commands.find(changesSystem);
    if (command) report(place, { focus: commandFocus(command) });
  },
};

const managers = /^(?:apk|apt|apt-get|aptitude|dnf|dnf5|microdnf|yum|zypper)$/;
const verbs = [
  'add',
  'del',
  'install',
  'in',
  'remove',
  'rm',
  'purge',
  'update',
  'upgrade',
  'dist-upgrade',
];

function changesSystem(command: SimpleCommand): boolean {
  return managers.test(command.name) && hasArgument(command, ...verbs);
}
