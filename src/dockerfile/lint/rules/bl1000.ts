import type { Rule } from '../rule.ts';

/** Reported beside BuildKit's checks, by a walk that evaluates variables as a build does. */
export const bl1000: Rule = {
  code: 'BL1000',
  severity: 'error',
  title: 'A build would stop here',
  unfixable: 'what the build should do is not said',
  documentation: `The file is well formed, but it has no instructions, or an image name or a variable in it makes no sense once variables are
replaced by their defaults.`,
  bad: ['FROM Upper:\n', '# nothing but this\n', ''],
  good: ['FROM debian:12\n'],
};
