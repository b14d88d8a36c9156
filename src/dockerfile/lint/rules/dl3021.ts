import { insertion, type Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const dl3021: Rule = {
  code: 'DL3021',
  severity: 'error',
  title: 'COPY of several sources needs a destination that ends in `/`',
  documentation: `Several sources can only go into a folder, and the \`/\` at the end is what makes the destination
one. Builders refuse it otherwise.`,
  bad: [
    'FROM debian:12\nCOPY a b /app\n',
    'FROM debian:12\nCOPY a b "/app"\n',
    'FROM debian:12\nCOPY ["a", "b", "/app"]\n',
    'FROM debian:12\nCOPY a b $DIR\n',
  ],
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
      const { range } = destination;
      // Builders refuse it as it is, so nothing can rely on it.
      const isQuoted = json || target !== destination.text;
      const fix = [insertion(range.end.offset - (isQuoted ? 1 : 0), '/')];
      report(place, { focus: range, fix });
    },
  },
};
