import type { Rule } from '../rule.ts';
import { isSecretName } from './secrets.ts';

export const dl3064: Rule = {
  code: 'DL3064',
  severity: 'warning',
  title: 'A secret in ARG or ENV stays in the image',
  unfixable: 'the step that needs the secret has to be changed too',
  documentation: `ENV is in the image's configuration and ARG in its history: whoever has the image can read both.
Pass secrets with \`RUN --mount=type=secret,id=name\`, which leaves nothing behind. The rule goes by
names, such as \`NPM_TOKEN\` or \`DB_PASSWORD\`.`,
  bad: [
    'FROM debian:12\nENV DB_PASSWORD=hunter2\n',
    'FROM debian:12\nARG NPM_TOKEN\n',
    'ARG API_KEY\nFROM debian:12\n',
  ],
  good: ['FROM debian:12\nENV DB_HOST=db\nRUN --mount=type=secret,id=token true\n'],
  on: {
    env({ instruction, place }, report) {
      for (const { key } of instruction.pairs) {
        if (isSecretName(key.text)) report(place, { focus: key.range });
      }
    },
    arg({ instruction, place }, report) {
      for (const { name } of instruction.definitions) {
        if (isSecretName(name.text)) report(place, { focus: name.range });
      }
    },
  },
};
