import type { Rule } from '../rule.ts';
import { flagsOf, hasFlag } from '../shell/command-line.ts';
import { pipInstallOperands, pipPrograms } from './pip.ts';
import { reportCommand } from './report-command.ts';

const vcs = /^(?:git|hg|svn|bzr)(?:\+|:)/;

export const dl3013: Rule = {
  code: 'DL3013',
  severity: 'warning',
  title:
    'Pin the versions of packages: `pip install <package>==<version>`, or use a requirements file',
  unfixable: 'which version is yours to choose',
  documentation: `Without versions two builds of one Dockerfile install different packages. Name versions, a
constraints file (\`-c\`) or a requirements file (\`-r\`); a package from version control wants a
commit or tag after \`@\`.`,
  bad: [
    'FROM python:3.12\nRUN pip install --no-cache-dir flask\n',
    'FROM python:3.12\nRUN python3 -m pip install --no-cache-dir flask requests==2.31.0\n',
    'FROM python:3.12\nRUN pip install --no-cache-dir git+https://example.com/x.git\n',
  ],
  good: [
    'FROM python:3.12\nRUN pip install --no-cache-dir flask==3.0.0\n',
    'FROM python:3.12\nRUN pip install --no-cache-dir -r requirements.txt\n',
    'FROM python:3.12\nRUN pip install --no-cache-dir . ./lib x.whl git+https://example.com/x.git@1f2e3d4\n',
  ],
  programs: [...pipPrograms, 'pipx'],
  command(command, visit, report) {
    const packages = pipInstallOperands(command);
    if (!packages || hasFlag(command, 'constraint', 'c', 'requirement', 'r')) return;
    const isLocal = packages.some(({ text }) => text === '.');
    if (isLocal || flagsOf(command).some(({ name }) => name === 'requirement')) return;
    if (packages.some(({ text }) => !isPinned(text))) reportCommand(command, visit, report);
  },
};

function isPinned(text: string): boolean {
  if (vcs.test(text)) return text.includes('@');
  return /[<>=]|!=|\/|\.whl$|\.tar\.gz$/.test(text);
}
