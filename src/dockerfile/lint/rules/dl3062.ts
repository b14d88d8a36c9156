import type { Rule } from '../rule.ts';
import { operands } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

const withValue = [
  'ldflags',
  'tags',
  'gcflags',
  'asmflags',
  'mod',
  'modfile',
  'C',
  'o',
  'p',
  'exec',
];

export const dl3062: Rule = {
  code: 'DL3062',
  severity: 'warning',
  title: 'Pin the versions of packages: `go install <package>@<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `\`go install\`, \`go get\` and \`go run\` of a package from elsewhere take the newest version unless
one is named. \`@latest\` names none. Paths of this module need no version.`,
  bad: [
    'FROM golang:1.23\nRUN go install example.com/tool\n',
    'FROM golang:1.23\nRUN go run example.com/tool@latest -v\n',
  ],
  good: [
    'FROM golang:1.23\nRUN go install example.com/tool@v1.2.3\n',
    'FROM golang:1.23\nRUN go install ./... && go run main.go example.com/argument\n',
  ],
  programs: ['go'],
  command(command, visit, report) {
    const args = command.args.flatMap((word) =>
      // Go takes `-name` where others want `--name`.
      /^-[a-z]{2,}$/.test(word.text) ? [{ ...word, text: `-${word.text}` }] : [word],
    );
    const [subcommand, ...words] = operands({ ...command, args }, withValue);
    const name = subcommand?.text ?? '';
    const packages = words.filter(({ text }) => text !== 'tool');
    if (name !== 'install' && name !== 'get' && name !== 'run') return;
    const asked = name === 'run' ? packages.slice(0, 1) : packages;
    if (asked.some(({ text }) => !isPinned(text))) reportCommand(command, visit, report);
  },
};

function isPinned(text: string): boolean {
  if (/^[./]/.test(text) || text.endsWith('.go')) return true;
  return text.includes('@') && !/@(?:latest|none)$/.test(text);
}
