import { readPragmas } from '../pragma.ts';
import type { Rule } from '../rule.ts';

export const dl1001: Rule = {
  code: 'DL1001',
  severity: 'warning',
  offByDefault: true,
  title: 'A comment `# hadolint ignore=` silences rules here',
  unfixable: 'what the comment silences would be reported',
  documentation: `Some teams want every exception in one configuration file, where it is reviewed, and none
in comments. Switch this rule on by giving it a severity. A pragma that silences this very rule
counts for nothing unless it is in force.`,
  bad: ['# hadolint ignore=DL3006\nFROM debian\n'],
  good: ['# an ordinary comment\nFROM debian:12\n'],
  file({ file }, report) {
    for (const { range } of readPragmas(file.dockerfile).ignores) report({ range });
  },
};
