import type { Rule } from '../rule.ts';
import { isRoot } from './users.ts';

export const dl3002: Rule = {
  code: 'DL3002',
  severity: 'warning',
  title: 'The last USER of a stage should not be root',
  unfixable: 'there may be no other user in the image',
  documentation: `Whatever breaks out of a process that runs as root has far more to gain. Switch to root for
the steps that need it and back to an ordinary user after them.`,
  bad: ['FROM debian:12\nUSER root\n', 'FROM debian:12\nUSER 1000\nUSER 0:0\n'],
  good: ['FROM debian:12\nUSER root\nRUN true\nUSER 1000\n', 'FROM debian:12\n'],
  stage({ stage }, report) {
    const users = stage.instructions.filter((linted) => linted.place.kind === 'user');
    const last = users.at(-1)?.instruction;
    if (last?.kind === 'user' && isRoot(last.user.text)) report(last, { focus: last.user.range });
  },
};
