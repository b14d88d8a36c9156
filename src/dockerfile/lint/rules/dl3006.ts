import { imageName, isVariable } from '../image-name.ts';
import type { Rule } from '../rule.ts';

export const dl3006: Rule = {
  code: 'DL3006',
  severity: 'warning',
  title: 'Name the tag of the base image',
  unfixable: 'which version is yours to choose',
  documentation: `Without a tag FROM means \`latest\`, which is another image tomorrow. A tag, or better a
digest, makes a build that works now work later.`,
  bad: ['FROM debian\n', 'FROM localhost:5000/team/base\n'],
  good: [
    'FROM debian:12\n',
    'FROM scratch\n',
    'FROM debian@sha256:0000000000000000000000000000000000000000000000000000000000000000\n',
    'FROM debian:12 AS build\nFROM build\n',
    'ARG BASE=debian:12\nFROM $BASE\n',
  ],
  on: {
    from({ instruction, stage, file }, report) {
      const { text, range } = instruction.image;
      const { path, tag, digest } = imageName(text);
      if (tag !== undefined || digest !== undefined || path === 'scratch' || isVariable(text))
        return;
      if (stage && !file.stageBefore(text, stage)) report(instruction, { focus: range });
    },
  },
};
