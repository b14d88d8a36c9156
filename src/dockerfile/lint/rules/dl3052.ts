import { labelRule } from './label-rule.ts';

export const dl3052 = labelRule({
  code: 'DL3052',
  type: 'url',
  noun: 'a URL',
  documentation: 'The schema wants an absolute address (RFC 3986), with its scheme.',
  bad: 'example.com',
  good: 'https://example.com',
});
