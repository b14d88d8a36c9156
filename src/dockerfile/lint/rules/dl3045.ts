import type { Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

export const dl3045: Rule = {
  code: 'DL3045',
  severity: 'warning',
  title: 'COPY to a relative path needs a WORKDIR before it',
  unfixable: 'where the base image would put it is not known',
  documentation: `A relative destination is taken from the WORKDIR, which without one of your own is whatever the
base image has. Set WORKDIR, here or in the stage this one is built from.`,
  bad: ['FROM debian:12\nCOPY app app/\n'],
  good: [
    'FROM debian:12\nWORKDIR /srv\nCOPY app app/\n',
    'FROM debian:12\nCOPY app /srv/app/\n',
    'FROM debian:12 AS base\nWORKDIR /srv\nFROM base\nCOPY app app/\n',
  ],
  on: {
    copy({ instruction, place, linted }, report) {
      // Where a trigger copies to is for the stage built from this one to say.
      if (place.kind === 'onbuild') return;
      const { text, range } = instruction.destination;
      if (linted?.hasWorkdir || /^(?:["']?)(?:\/|\$|.:[\\/])/.test(withoutQuotes(text))) return;
      report(place, { focus: range });
    },
  },
};
