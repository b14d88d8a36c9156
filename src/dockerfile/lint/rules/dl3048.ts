import type { Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

const form = /^[a-z](?:[a-z0-9._-]*[a-z0-9])?$/;
const reserved = /^(?:com\.docker|io\.docker|org\.dockerproject)\./;

export const dl3048: Rule = {
  code: 'DL3048',
  severity: 'style',
  title: 'This label key is not one that Docker recommends',
  unfixable: 'others may read the label by its key',
  documentation: `Keys begin with a lower-case letter, end with one or a digit, and have only lower-case letters,
digits, single dots and single hyphens between. \`com.docker.\`, \`io.docker.\` and
\`org.dockerproject.\` are reserved.`,
  bad: [
    'FROM debian:12\nLABEL Version=1\n',
    'FROM debian:12\nLABEL com.docker.team=a\n',
    'FROM debian:12\nLABEL a..b=1\n',
  ],
  good: ['FROM debian:12\nLABEL org.example.version=1 other-label=x\n'],
  on: {
    label({ instruction, place }, report) {
      for (const { key } of instruction.pairs) {
        const name = withoutQuotes(key.text);
        const isGood = form.test(name) && !reserved.test(name) && !/\.\.|--/.test(name);
        if (!isGood) report(place, { focus: key.range });
      }
    },
  },
};
