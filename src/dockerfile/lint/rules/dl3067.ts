import type { Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const dl3067: Rule = {
  code: 'DL3067',
  severity: 'warning',
  title: 'Do not copy the whole file system of another stage',
  unfixable: 'which files are needed is not known',
  documentation: `\`COPY --from=build / /\` brings everything the other stage has, its tools and caches included, and
loses what its configuration says. Copy what is needed, or build FROM that stage.`,
  bad: ['FROM debian:12 AS build\nFROM debian:12\nCOPY --from=build / /\n'],
  good: [
    'FROM debian:12 AS build\nFROM debian:12\nCOPY --from=build /app /app\n',
    'FROM debian:12\nCOPY / /\n',
  ],
  on: {
    copy({ instruction, place }, report) {
      const { from, sources, destination } = instruction;
      const isRoot = (text: string) => withoutQuotes(text) === '/';
      if (from && isRoot(destination.text) && sources.some(({ text }) => isRoot(text)))
        report(place);
    },
  },
};
