import { insertion, type Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const dl3021: Rule = {
  code: 'DL3021',
  severity: 'error',
  title: 'COPY of several sources needs a destination that ends in `/`',
  documentation: `Several sources can only go into a folder, and the \`/\` at the end is what makes the destination
one. Builders refuse it otherwise.`,
  bad: ['FROM debian:12\nCOPY a b /app\n'],
  good: [
    'FROM debian:12\nCOPY a b /app/\n',
    'FROM debian:12\nCOPY a /app\n',
    'FROM debian:12\nCOPY a b $DIR/\n',
  ],
  on: {
    copy({ instruction, place }, report) {
      const { sources, inlineSources, destination, json } = instruction;
      if (sources.length + inlineSources.length < 2) return;
      const target = withoutQuotes(destination.text);
      if (/[/\\]$/.test(target)) return;
      const isPlain = !json && target === destination.text && !target.includes('$');
      const { range } = destination;
      report(place, {
        focus: range,
        fix: isPlain ? [insertion(range.end.offset, '/')] : undefined,
      });
    },
  },
};
