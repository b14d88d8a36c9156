import { posix } from 'node:path';
import { type Rule, replacement } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const dl3000: Rule = {
  code: 'DL3000',
  severity: 'error',
  title: 'WORKDIR should be an absolute path',
  documentation: `A relative WORKDIR is joined to the one before it, which may come from the base image. Where
the files end up then depends on something this file does not show, or only further up.`,
  bad: [
    'FROM debian:12\nWORKDIR app\n',
    'FROM debian:12\nWORKDIR "app"\n',
    'FROM debian:12\nWORKDIR /srv\nWORKDIR app/../web\n',
  ],
  good: [
    'FROM debian:12\nWORKDIR /app\n',
    'FROM debian:12\nWORKDIR $HOME\n',
    'FROM w:1\nWORKDIR c:\\app\n',
  ],
  on: {
    workdir({ instruction, place, linted }, report) {
      const { text, range } = instruction.path;
      if (/^(?:\/|\$|[A-Za-z]:)/.test(withoutQuotes(text))) return;
      const from = linted?.workdir;
      const isPlain = from !== undefined && /^[\w./-]+$/.test(text);
      const fix = isPlain ? [replacement(range, posix.join(from, text))] : undefined;
      report(place, { focus: range, fix });
    },
  },
};
