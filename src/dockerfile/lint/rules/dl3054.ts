import { labelRule } from './label-rule.ts';

export const dl3054 = labelRule({
  code: 'DL3054',
  type: 'spdx',
  noun: 'an SPDX license identifier',
  documentation:
    'The schema wants an identifier of the SPDX license list, or several joined by AND and OR.',
  bad: 'my license',
  good: 'Apache-2.0',
});
