import { labelRule } from './label-rule.ts';

export const dl3053 = labelRule({
  code: 'DL3053',
  type: 'rfc3339',
  noun: 'a time by RFC 3339',
  documentation: 'The schema wants a date, a time and a zone, such as `2024-05-01T10:00:00Z`.',
  bad: '2024-05-01',
  good: '2024-05-01T10:00:00Z',
});
