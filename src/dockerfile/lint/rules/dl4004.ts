import type { Rule } from '../rule.ts';
import { reportRepeated } from './repeated.ts';

export const dl4004: Rule = {
  code: 'DL4004',
  severity: 'error',
  title: 'Only the last ENTRYPOINT of a stage counts',
  documentation: `An image has one ENTRYPOINT. Earlier ones in the same stage do nothing but mislead.`,
  bad: ['FROM debian:12\nENTRYPOINT ["a"]\nENTRYPOINT ["b"]\n'],
  good: ['FROM debian:12 AS base\nENTRYPOINT ["a"]\nFROM base\nENTRYPOINT ["b"]\n'],
  stage: (visit, report) => reportRepeated('entrypoint', visit, report),
};
