import { labelRule } from './label-rule.ts';

export const dl3056 = labelRule({
  code: 'DL3056',
  type: 'semver',
  noun: 'a semantic version',
  documentation: 'The schema wants a version such as `1.2.3` or `1.2.3-rc.1+build` (semver.org).',
  bad: 'v1.2',
  good: '1.2.3-rc.1',
});
