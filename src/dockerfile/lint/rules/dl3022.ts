import type { Rule } from '../rule.ts';

export const dl3022: Rule = {
  code: 'DL3022',
  severity: 'warning',
  title: '`COPY --from` should name a stage that stands before it',
  unfixable: 'which stage or image was meant is not known',
  documentation: `A name that no earlier stage has is taken for an image without a tag, or fails. Give stages names
with \`AS\`, or name an image with its tag.`,
  bad: [
    'FROM debian:12\nCOPY --from=build /app /app\n',
    'FROM debian:12\nCOPY --from=1 /app /app\n',
  ],
  good: [
    'FROM debian:12 AS build\nFROM debian:12\nCOPY --from=build /app /app\n',
    'FROM debian:12\nFROM debian:12\nCOPY --from=0 /app /app\n',
    'FROM debian:12\nCOPY --from=nginx:1.27 /app /app\n',
  ],
  on: {
    copy({ instruction, place, stage, file }, report) {
      const { from } = instruction;
      if (!from || !stage || from.text.includes(':') || from.text.includes('$')) return;
      const isOwn = stage.name !== undefined && stage.name === from.text.toLowerCase();
      if (!isOwn && !file.stageBefore(from.text, stage)) report(place, { focus: from.range });
    },
  },
};
