import type { Rule } from '../rule.ts';
import { hasFlag } from '../shell/command-line.ts';
import { insertFlag } from './insert-flag.ts';
import { hasMountWith } from './mounts.ts';
import { pipInstallOperands, pipPrograms } from './pip.ts';
import { reportCommand } from './report-command.ts';

const yes = /^(?:1|true|on|yes|y|t)$/i;

export const dl3042: Rule = {
  code: 'DL3042',
  severity: 'warning',
  title: 'Keep pip from filling its cache: `pip install --no-cache-dir`',
  documentation: `pip keeps what it downloads and builds under \`~/.cache/pip\`, where the image carries it and
nothing reads it. \`ENV PIP_NO_CACHE_DIR=1\` does the same for every step, and a cache mount on
\`/root/.cache/pip\` makes later builds quicker as well.`,
  bad: [
    'FROM python:3.12\nRUN pip install flask==3.0.0\n',
    'FROM python:3.12\nRUN python3 -m pip install flask==3.0.0\n',
  ],
  good: [
    'FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.0\n',
    'FROM python:3.12 AS base\nENV PIP_NO_CACHE_DIR=1\nFROM base\nRUN pip install flask==3.0.0\n',
    'FROM python:3.12\nRUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.0.0\n',
  ],
  programs: pipPrograms,
  command(command, visit, report) {
    if (!pipInstallOperands(command) || hasFlag(command, 'no-cache-dir')) return;
    const { run, instruction, stage } = visit;
    const name = 'PIP_NO_CACHE_DIR';
    const value = run.variables.get(name) ?? stage.base?.environment?.get(name) ?? '';
    if (yes.test(value)) return;
    if (hasMountWith(instruction, '.cache/pip') || setsNoCache(run.scripts)) return;
    reportCommand(command, visit, report, {
      fix: insertFlag(command, '--no-cache-dir', ['install']),
    });
  },
};

function setsNoCache(scripts: readonly { readonly text: string }[]): boolean {
  return scripts.some(({ text }) => /\bPIP_NO_CACHE_DIR=["']?(?:1|true|on|yes)\b/i.test(text));
}
