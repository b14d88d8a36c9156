import type { Rule } from '../rule.ts';
import { operands } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

const withValue = [
  'loglevel',
  'prefix',
  'registry',
  'C',
  'cache',
  'userconfig',
  'tag',
  'w',
  'workspace',
  'omit',
  'include',
];

export const dl3016: Rule = {
  code: 'DL3016',
  severity: 'warning',
  title: 'Pin the versions of packages: `npm install <package>@<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version npm installs what is newest at that hour. Name a version or tag; a package
from git wants a commit after \`#\`. \`npm install\` without packages follows the lock file.`,
  bad: [
    'FROM node:22\nRUN npm install express\n',
    'FROM node:22\nRUN npm install -g @angular/cli\n',
  ],
  good: [
    'FROM node:22\nRUN npm install\n',
    'FROM node:22\nRUN npm install -g express@5.0.0 @angular/cli@18\n',
    'FROM node:22\nRUN npm install ./local pkg.tgz git+https://example.com/x.git#1f2e3d4\n',
  ],
  programs: ['npm'],
  command(command, visit, report) {
    const [subcommand, ...packages] = operands(command, withValue);
    if (!/^(?:install|i|add)$/.test(subcommand?.text ?? '')) return;
    if (packages.some(({ text }) => !isPinned(text))) reportCommand(command, visit, report);
  },
};

function isPinned(text: string): boolean {
  if (/^git(?:\+ssh|\+https?)?:\/\//.test(text)) return text.includes('#');
  if (/\.(?:tar|tar\.gz|tgz)$/.test(text) || /^(?:\/|\.\.?\/|~\/|\.$)/.test(text)) return true;
  return text.replace(/^@[^/]*\//, '').includes('@');
}
