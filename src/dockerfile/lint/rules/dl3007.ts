import { imageName } from '../image-name.ts';
import type { Rule } from '../rule.ts';

export const dl3007: Rule = {
  code: 'DL3007',
  severity: 'warning',
  title: 'Name a release of the base image, not `latest`',
  unfixable: 'which version is yours to choose',
  documentation: `\`latest\` moves with every release, so the same Dockerfile builds something else each time and
may stop building. Name the release that was tested.`,
  bad: ['FROM debian:latest\n'],
  good: [
    'FROM debian:12\n',
    'FROM debian:latest@sha256:0000000000000000000000000000000000000000000000000000000000000000\n',
  ],
  on: {
    from({ instruction }, report) {
      const { text, range } = instruction.image;
      const { tag, digest } = imageName(text);
      if (tag === 'latest' && digest === undefined) report(instruction, { focus: range });
    },
  },
};
