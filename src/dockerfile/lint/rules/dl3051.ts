import type { Rule } from '../rule.ts';
import { reportValues } from './label-rule.ts';

const options = { labelSchema: new Map([['it', 'text' as const]]) };

export const dl3051: Rule = {
  code: 'DL3051',
  severity: 'warning',
  title: 'A required label is empty',
  unfixable: 'the value is not known',
  documentation: `A label of the schema must say something.`,
  bad: [{ text: 'FROM debian:12\nLABEL it=""\n', options }],
  good: [{ text: 'FROM debian:12\nLABEL it="x"\n', options }, 'FROM debian:12\nLABEL it=""\n'],
  on: {
    label: (visit, report) =>
      reportValues(visit, report, {
        isWrong: (value) => value === '',
        message: (name) => `Label \`${name}\` is empty`,
      }),
  },
};
