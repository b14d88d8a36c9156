import type { Rule } from '../rule.ts';

/** The linter itself reports it, for each error of the parser. */
export const dl1000: Rule = {
  code: 'DL1000',
  severity: 'error',
  title: 'The Dockerfile cannot be parsed',
  unfixable: 'what was meant is not known',
  documentation: `No builder can read this instruction, so a build would stop here. The message says what
was expected. The other instructions are linted all the same.`,
  bad: ['FROM debian:12\nRUNN true\n', 'FROM debian:12\nCOPY a\n'],
  good: ['FROM debian:12\nRUN true\n'],
};
