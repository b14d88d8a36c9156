import { labelRule } from './label-rule.ts';

export const dl3055 = labelRule({
  code: 'DL3055',
  type: 'hash',
  noun: 'a git hash',
  documentation: 'The schema wants the 40 hexadecimal digits of a commit, or its first 7.',
  bad: 'main',
  good: '1f2e3d4',
});
