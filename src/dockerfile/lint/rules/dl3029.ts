import type { Rule } from '../rule.ts';

export const dl3029: Rule = {
  code: 'DL3029',
  severity: 'warning',
  title: 'Do not fix the platform in FROM',
  unfixable: 'the image may exist for that platform alone',
  documentation: `A platform written into FROM cannot be chosen by who builds. Pass \`--platform\` to the build
instead; \`$BUILDPLATFORM\` and \`$TARGETPLATFORM\` are for stages that compile for another platform.`,
  bad: ['FROM --platform=linux/amd64 debian:12\n'],
  good: ['FROM debian:12\n', 'FROM --platform=$BUILDPLATFORM debian:12\n'],
  on: {
    from({ instruction }, report) {
      const { platform } = instruction;
      if (!platform || platform.text === '') return;
      if (/^\$\{?(?:BUILD|TARGET)PLATFORM\b/.test(platform.text)) return;
      report(instruction, { focus: platform.range });
    },
  },
};
