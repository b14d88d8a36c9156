import type { Rule } from '../rule.ts';
import { operandsAfter } from '../shell/command-line.ts';
import { reportCommand } from './report-command.ts';

export const dl3037: Rule = {
  code: 'DL3037',
  severity: 'warning',
  title: 'Pin the versions of packages: `zypper install -y <package>=<version>`',
  unfixable: 'which version is yours to choose',
  documentation: `Without a version the repository of the day decides what is installed. Quote comparisons, or the
shell takes \`>\` for a redirection: \`"curl>=8"\`.`,
  bad: ['FROM opensuse/leap:15\nRUN zypper install -y curl && zypper clean\n'],
  good: ['FROM opensuse/leap:15\nRUN zypper install -y "curl>=8.0" ./local.rpm && zypper clean\n'],
  programs: ['zypper'],
  command(command, visit, report) {
    const packages = operandsAfter(
      command,
      ['install', 'in'],
      ['r', 'repo', 'from', 't', 'type', 'R', 'root'],
    );
    const isPinned = (text: string) => /[=<>]|\.rpm$/.test(text);
    if (packages?.some(({ text }) => !isPinned(text))) reportCommand(command, visit, report);
  },
};
