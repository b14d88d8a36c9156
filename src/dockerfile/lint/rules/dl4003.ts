import type { Rule } from '../rule.ts';
import { reportRepeated } from './repeated.ts';

export const dl4003: Rule = {
  code: 'DL4003',
  severity: 'warning',
  title: 'Only the last CMD of a stage counts',
  documentation: `An image has one CMD. Earlier ones in the same stage do nothing but mislead.`,
  bad: ['FROM debian:12\nCMD ["a"]\nRUN true\nCMD ["b"]\n'],
  good: ['FROM debian:12 AS base\nCMD ["a"]\nFROM base\nCMD ["b"]\n'],
  stage: (visit, report) => reportRepeated('cmd', visit, report),
};
