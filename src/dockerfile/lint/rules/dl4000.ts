import { type Rule, replacement } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const dl4000: Rule = {
  code: 'DL4000',
  severity: 'error',
  title: 'MAINTAINER is deprecated: use the label `org.opencontainers.image.authors`',
  documentation: `A label can be read with the others, and has a name that other tools know.`,
  bad: ['FROM debian:12\nMAINTAINER Ann <ann@example.com>\n'],
  good: ['FROM debian:12\nLABEL org.opencontainers.image.authors="Ann <ann@example.com>"\n'],
  on: {
    maintainer({ instruction, place, file }, report) {
      const { author, range } = instruction;
      const value = withoutQuotes(author.text);
      // What a label would take for a variable, an escape or the end of its quotes stays as it is.
      const written = file.dockerfile.source.text.slice(range.start.offset, range.end.offset);
      const isPlain = !/["\\$`\n]/.test(value) && !written.includes('\n');
      const label = `LABEL org.opencontainers.image.authors="${value}"`;
      report(place, { fix: isPlain ? [replacement(range, label)] : undefined });
    },
  },
};
