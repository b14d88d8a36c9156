import type { Rule } from '../rule.ts';
import { flagsOf, operands } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl3028: Rule = {
  code: 'DL3028',
  severity: 'warning',
  title: 'Pin the versions of gems: `gem install <gem>:<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version gem installs what is newest at that hour. \`gem install x:1.2\` and
\`gem install x -v 1.2\` both name one.`,
  bad: ['FROM ruby:3.3\nRUN gem install bundler\n'],
  good: [
    'FROM ruby:3.3\nRUN gem install bundler:2.5.0\n',
    'FROM ruby:3.3\nRUN gem install bundler -v 2.5.0\n',
  ],
  programs: ['gem'],
  command(command, visit, report) {
    const end = command.args.findIndex(({ text }) => text === '--');
    const own = { ...command, args: end < 0 ? command.args : command.args.slice(0, end) };
    // What an extension is built with may stand without `--` before it.
    const building = flagsOf(own).flatMap(({ name }) =>
      /^(?:use|with|enable)-/.test(name) ? [name] : [],
    );
    const [subcommand, ...gems] = operands(own, [
      'i',
      'install-dir',
      'n',
      'bindir',
      's',
      'source',
      'P',
      ...building,
    ]);
    if (subcommand?.text !== 'install' && subcommand?.text !== 'i') return;
    if (flagsOf(own).some(({ name }) => name === 'v' || name === 'version')) return;
    if (gems.some(({ text }) => !text.includes(':') && !text.endsWith('.gem'))) {
      reportCommand(command, visit, report);
    }
  },
};
