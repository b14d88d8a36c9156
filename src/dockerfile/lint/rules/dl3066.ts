import type { Rule } from '../rule.ts';

export const dl3066: Rule = {
  code: 'DL3066',
  severity: 'info',
  title: 'A user given by name cannot be told from root outside the image: use its number',
  unfixable: 'the number is in the image alone',
  documentation: `Kubernetes with \`runAsNonRoot\`, for one, looks only at the image's configuration and cannot look
a name up in its \`/etc/passwd\`.`,
  bad: ['FROM debian:12\nUSER app\n', 'FROM debian:12\nUSER app:app\n'],
  good: ['FROM debian:12\nUSER 1000\n', 'FROM debian:12\nUSER 1000:app\n'],
  on: {
    user({ instruction, place }, report) {
      const { text, range } = instruction.user;
      if (!/^\d+(?::|$)/.test(text)) report(place, { focus: range });
    },
  },
};
