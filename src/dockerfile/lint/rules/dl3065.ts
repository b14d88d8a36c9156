import type { Rule } from '../rule.ts';

export const dl3065: Rule = {
  code: 'DL3065',
  severity: 'warning',
  title: '`--platform=$TARGETPLATFORM` says what holds anyway',
  documentation: `FROM without \`--platform\` already means the platform the image is built for.`,
  bad: [
    'FROM --platform=$TARGETPLATFORM debian:12\n',
    `FROM --platform=\${TARGETPLATFORM} debian:12\n`,
  ],
  good: ['FROM debian:12\n', 'FROM --platform=$BUILDPLATFORM debian:12\n'],
  on: {
    from({ instruction, file }, report) {
      const { platform, flags } = instruction;
      if (!platform || !/^\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform.text)) return;
      const flag = flags.find(({ name }) => name === 'platform');
      const { text } = file.dockerfile.source;
      const end = flag?.range.end.offset ?? 0;
      const isFollowed = flag && text[end] === ' ';
      const fix = isFollowed
        ? [{ start: flag.range.start.offset, end: end + 1, text: '' }]
        : undefined;
      report(instruction, { focus: platform.range, fix });
    },
  },
};
