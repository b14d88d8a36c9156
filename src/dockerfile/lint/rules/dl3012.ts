import type { Rule } from '../rule.ts';
import { reportRepeated } from './repeated.ts';

export const dl3012: Rule = {
  code: 'DL3012',
  severity: 'error',
  title: 'Only the last HEALTHCHECK of a stage counts',
  documentation: `An image has one health check. Earlier ones in the same stage do nothing but mislead.`,
  bad: ['FROM debian:12\nHEALTHCHECK CMD true\nHEALTHCHECK CMD curl localhost\n'],
  good: ['FROM debian:12 AS a\nHEALTHCHECK CMD true\nFROM a\nHEALTHCHECK NONE\n'],
  stage: (visit, report) => reportRepeated('healthcheck', visit, report),
};
