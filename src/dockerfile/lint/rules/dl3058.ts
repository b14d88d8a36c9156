import { labelRule } from './label-rule.ts';

export const dl3058 = labelRule({
  code: 'DL3058',
  type: 'email',
  noun: 'an email address',
  documentation: 'The schema wants a bare address (RFC 5322), without a name.',
  bad: 'Ann <ann@example.com>',
  good: 'ann@example.com',
});
