import type { Rule } from '../rule.ts';
import { withoutQuotes } from './quotes.ts';

const options = { labelSchema: new Map([['version', 'text' as const]]), strictLabels: true };

export const dl3050: Rule = {
  code: 'DL3050',
  severity: 'info',
  title: 'A label is not in the schema',
  unfixable: 'others may read the label',
  documentation: `With \`strict-labels\` an image may have the labels of the schema and no others.`,
  bad: [{ text: 'FROM debian:12\nLABEL version=1 other=2\n', options }],
  good: [{ text: 'FROM debian:12\nLABEL version=1\n', options }, 'FROM debian:12\nLABEL other=2\n'],
  on: {
    label({ instruction, place, options: { strictLabels, labelSchema } }, report) {
      if (!strictLabels) return;
      for (const { key } of instruction.pairs) {
        if (!labelSchema.has(withoutQuotes(key.text))) report(place, { focus: key.range });
      }
    },
  },
};
