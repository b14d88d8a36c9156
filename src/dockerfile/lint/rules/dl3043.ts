import type { Rule } from '../rule.ts';

export const dl3043: Rule = {
  code: 'DL3043',
  severity: 'error',
  title: 'ONBUILD cannot hold ONBUILD, FROM or MAINTAINER',
  unfixable: 'what was meant is not known',
  documentation: `Builders refuse a trigger that would start a stage, set triggers of its own or name a maintainer.`,
  bad: ['FROM debian:12\nONBUILD ONBUILD RUN true\n', 'FROM debian:12\nONBUILD FROM debian:12\n'],
  good: ['FROM debian:12\nONBUILD RUN true\n'],
};
