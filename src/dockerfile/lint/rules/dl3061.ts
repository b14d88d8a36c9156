import type { Rule } from '../rule.ts';

export const dl3061: Rule = {
  code: 'DL3061',
  severity: 'error',
  title: 'A Dockerfile begins with FROM; only ARG may stand before it',
  unfixable: 'which image it is for is not known',
  documentation: `Instructions before the first FROM belong to no stage, and builders refuse them.`,
  bad: ['RUN true\nFROM debian:12\n', 'RUN true\n'],
  good: ['# comment\nARG TAG=12\nFROM debian:$TAG\n'],
  file({ file }, report) {
    for (const instruction of file.dockerfile.orphans) report(instruction);
  },
};
